/** Memory bandwidth of GPU products, as their makers publish it. */
export interface BandwidthRow {
  readonly vendor: 'nvidia' | 'amd';
  /** Words of the product as in a device class; the row with the most of them that match wins. */
  readonly product: string;
  /** For products sold with two memories of different speed. */
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
  source: `NVIDIA, ${source}`,
});

const amd = (product: string, gbPerSecond: number, source: string): BandwidthRow => ({
  vendor: 'amd',
  product,
  gbPerSecond,
  source: `AMD, ${source}`,
});

export const GPU_PRODUCTS: readonly BandwidthRow[] = [
  nvidia('h100-80gb-hbm3', 3350, 'H100 data sheet (SXM)'),
  nvidia('t4', 320, 'T4 data sheet'),
  nvidia('a10', 600, 'A10 data sheet'),
  nvidia('geforce-rtx-4090', 1008, 'GeForce RTX 4090 specifications'),
  amd('radeon-rx-7900-xtx', 960, 'Radeon RX 7900 XTX specifications'),
];

/** Words that make another product of the one they follow. */
export const VARIANT_WORDS: readonly string[] = [
  'laptop',
  'mobile',
  'max',
  'ti',
  'super',
  'd',
  'm',
  'xt',
  'xtx',
  'gre',
];

export interface CpuLevelRow {
  readonly level: string;
  /** 10^9 bytes of weights that one core gets through per second; rough. */
  readonly gbPerSecondPerCore: number;
}

export const CPU_LEVELS: readonly CpuLevelRow[] = [
  { level: 'v1', gbPerSecondPerCore: 1 },
  { level: 'v2', gbPerSecondPerCore: 1.5 },
  { level: 'v3', gbPerSecondPerCore: 4 },
  { level: 'v4', gbPerSecondPerCore: 5 },
];

export const CPU_MAX_GB_PER_SECOND = 80;
