/** Memory bandwidth of a GPU product, as its maker publishes it. */
export interface BandwidthRow {
  readonly vendor: 'nvidia' | 'amd';
  /** Words of the product as in a device class; of the rows that match, the longest counts. */
  readonly product: string;
  /** Where one name is sold with two kinds of memory: from how many GiB this row holds. */
  readonly fromGiB?: number;
  /** 10^9 bytes per second. */
  readonly gbPerSecond: number;
  readonly source: string;
}

const nvidia = (product: string, gbPerSecond: number, source: string, fromGiB?: number): BandwidthRow => ({
  vendor: 'nvidia',
  product,
  ...(fromGiB === undefined ? {} : { fromGiB }),
  gbPerSecond,
  source: `NVIDIA ${source}`,
});

const geforce = (model: string, gbPerSecond: number, fromGiB?: number): BandwidthRow =>
  nvidia(
    `geforce-${model.toLowerCase().replaceAll(' ', '-')}`,
    gbPerSecond,
    `GeForce ${model}, memory interface and speed in its specifications`,
    fromGiB,
  );

const amd = (product: string, gbPerSecond: number, source: string): BandwidthRow => ({
  vendor: 'amd',
  product,
  gbPerSecond,
  source: `AMD ${source}`,
});

const radeon = (model: string, gbPerSecond: number): BandwidthRow =>
  amd(
    `radeon-${model.toLowerCase().replaceAll(' ', '-')}`,
    gbPerSecond,
    `Radeon ${model}, memory bandwidth in its specifications`,
  );

export const GPU_PRODUCTS: readonly BandwidthRow[] = [
  nvidia('b200', 8000, 'DGX B200 data sheet: 64 TB/s over 8 GPUs'),
  nvidia('h200', 4800, 'H200 data sheet'),
  nvidia('h20', 4000, 'H20 data sheet'),
  nvidia('gh200', 4000, 'GH200 data sheet: HBM3, 96 GB'),
  nvidia('gh200', 4900, 'GH200 data sheet: HBM3e, 144 GB', 130),
  nvidia('h100-80gb-hbm3', 3350, 'H100 data sheet: SXM'),
  nvidia('h100-nvl', 3900, 'H100 data sheet: NVL'),
  nvidia('h100-pcie', 2000, 'H100 data sheet: PCIe'),
  nvidia('h800', 3350, 'H800 data sheet: SXM'),
  nvidia('a100-sxm4-40gb', 1555, 'A100 data sheet: SXM, 40 GB'),
  nvidia('a100-sxm4-80gb', 2039, 'A100 data sheet: SXM, 80 GB'),
  nvidia('a100-pcie-40gb', 1555, 'A100 data sheet: PCIe, 40 GB'),
  nvidia('a100-80gb-pcie', 1935, 'A100 data sheet: PCIe, 80 GB'),
  nvidia('a800-sxm4-80gb', 2039, 'A800 data sheet: SXM, 80 GB'),
  nvidia('a40', 696, 'A40 data sheet'),
  nvidia('a30', 933, 'A30 data sheet'),
  nvidia('a10', 600, 'A10 data sheet'),
  nvidia('a10g', 600, 'A10G data sheet'),
  nvidia('a16', 200, 'A16 data sheet: each of four GPUs'),
  nvidia('a2', 200, 'A2 data sheet'),
  nvidia('l40', 864, 'L40 data sheet'),
  nvidia('l40s', 864, 'L40S data sheet'),
  nvidia('l20', 864, 'L20 data sheet'),
  nvidia('l4', 300, 'L4 data sheet'),
  nvidia('t4', 320, 'T4 data sheet'),
  nvidia('v100-sxm2-16gb', 900, 'V100 data sheet'),
  nvidia('v100-sxm2-32gb', 900, 'V100 data sheet'),
  nvidia('v100-pcie-16gb', 900, 'V100 data sheet'),
  nvidia('v100-pcie-32gb', 900, 'V100 data sheet'),
  nvidia('v100s-pcie-32gb', 1134, 'V100 data sheet: V100S'),
  nvidia('p100-pcie-16gb', 732, 'P100 data sheet'),
  nvidia('p100-sxm2-16gb', 732, 'P100 data sheet'),
  nvidia('p100-pcie-12gb', 549, 'P100 data sheet: 12 GB'),
  nvidia('p40', 346, 'P40 data sheet'),
  nvidia('p4', 192, 'P4 data sheet'),
  nvidia('rtx-pro-6000-blackwell', 1792, 'RTX PRO 6000 Blackwell data sheet'),
  nvidia('rtx-6000-ada-generation', 960, 'RTX 6000 Ada data sheet'),
  nvidia('rtx-5000-ada-generation', 576, 'RTX 5000 Ada data sheet'),
  nvidia('rtx-4500-ada-generation', 432, 'RTX 4500 Ada data sheet'),
  nvidia('rtx-4000-ada-generation', 360, 'RTX 4000 Ada data sheet'),
  nvidia('rtx-a6000', 768, 'RTX A6000 data sheet'),
  nvidia('rtx-a5000', 768, 'RTX A5000 data sheet'),
  nvidia('rtx-a4500', 640, 'RTX A4500 data sheet'),
  nvidia('rtx-a4000', 448, 'RTX A4000 data sheet'),
  nvidia('rtx-a2000', 288, 'RTX A2000 data sheet'),
  nvidia('quadro-rtx-8000', 672, 'Quadro RTX 8000 data sheet'),
  nvidia('quadro-rtx-6000', 672, 'Quadro RTX 6000 data sheet'),
  geforce('RTX 5090', 1792),
  geforce('RTX 5080', 960),
  geforce('RTX 5070 Ti', 896),
  geforce('RTX 5070', 672),
  geforce('RTX 5060 Ti', 448),
  geforce('RTX 5060', 448),
  geforce('RTX 4090', 1008),
  geforce('RTX 4080 SUPER', 736),
  geforce('RTX 4080', 717),
  geforce('RTX 4070 Ti SUPER', 672),
  geforce('RTX 4070 Ti', 504),
  geforce('RTX 4070 SUPER', 504),
  geforce('RTX 4070', 504),
  geforce('RTX 4060 Ti', 288),
  geforce('RTX 4060', 272),
  geforce('RTX 3090 Ti', 1008),
  geforce('RTX 3090', 936),
  geforce('RTX 3080 Ti', 912),
  geforce('RTX 3080', 760),
  geforce('RTX 3080', 912, 11),
  geforce('RTX 3070 Ti', 608),
  geforce('RTX 3070', 448),
  geforce('RTX 3060 Ti', 448),
  geforce('RTX 3060', 240),
  geforce('RTX 3060', 360, 11),
  geforce('RTX 2080 Ti', 616),
  geforce('RTX 2080 SUPER', 496),
  geforce('RTX 2080', 448),
  geforce('RTX 2070 SUPER', 448),
  geforce('RTX 2070', 448),
  geforce('RTX 2060', 336),
  geforce('GTX 1080 Ti', 484),
  geforce('GTX 1080', 320),
  geforce('GTX 1070', 256),
  amd('instinct-mi355x', 8000, 'Instinct MI355X data sheet'),
  amd('instinct-mi350x', 8000, 'Instinct MI350X data sheet'),
  amd('instinct-mi325x', 6000, 'Instinct MI325X data sheet'),
  amd('instinct-mi300x', 5300, 'Instinct MI300X data sheet'),
  amd('instinct-mi250x', 1638, 'Instinct MI250X data sheet: 3.2 TB/s over two dies, which are two devices'),
  amd('instinct-mi250', 1638, 'Instinct MI250 data sheet: 3.2 TB/s over two dies, which are two devices'),
  amd('instinct-mi210', 1638, 'Instinct MI210 data sheet'),
  amd('instinct-mi100', 1229, 'Instinct MI100 data sheet'),
  amd('instinct-mi60', 1024, 'Instinct MI60 data sheet'),
  amd('instinct-mi50', 1024, 'Instinct MI50 data sheet'),
  radeon('RX 9070 XT', 640),
  radeon('RX 9070', 640),
  radeon('RX 7900 XTX', 960),
  radeon('RX 7900 XT', 800),
  radeon('RX 7900 GRE', 576),
  radeon('RX 7800 XT', 624),
  radeon('RX 7700 XT', 432),
  radeon('RX 7600 XT', 288),
  radeon('RX 7600', 288),
  radeon('RX 6950 XT', 576),
  radeon('RX 6900 XT', 512),
  radeon('RX 6800 XT', 512),
  radeon('RX 6800', 512),
  radeon('RX 6700 XT', 384),
  radeon('RX 6600 XT', 256),
  radeon('RX 6600', 224),
  radeon('PRO W7900', 864),
  radeon('PRO W7800', 576),
  radeon('PRO W6800', 512),
];

/** Words that make another product of the name they stand in: a laptop's card has a slower memory, a slice a part of it. */
export const VARIANT_WORDS: readonly string[] = [
  'laptop',
  'mobile',
  'max',
  'mig',
  'ti',
  'super',
  'd',
  'xt',
  'xtx',
  'gre',
];

export interface CpuLevelRow {
  /** As in a device class. */
  readonly level: string;
  /** 10^9 bytes of weights that one core gets through per second. */
  readonly gbPerSecondPerCore: number;
  readonly source: string;
}

const ROUGH = 'rough: orders the levels, from the width of their registers';

/** `v4` is AVX-512. A core without AVX2 computes more slowly than its memory delivers. */
export const CPU_LEVELS: readonly CpuLevelRow[] = [
  { level: 'v1', gbPerSecondPerCore: 1, source: ROUGH },
  { level: 'v2', gbPerSecondPerCore: 2, source: ROUGH },
  { level: 'v3', gbPerSecondPerCore: 4, source: ROUGH },
  { level: 'v4', gbPerSecondPerCore: 5, source: ROUGH },
];

/** Where more cores no longer help, in 10^9 bytes per second; rough: two channels of DDR5, or four of DDR4. */
export const CPU_MAX_GB_PER_SECOND = 80;
