import { describeGpuProbe } from '../gpu-probe.conformance.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { drmCard, kfdCpuNode, kfdNode, pciDevice } from '../testing/host-tree.ts';
import { RX_7900_BYTES, x86Host } from '../testing/machines.ts';

const MIB = 1024 * 1024;

const line = (name: string, value: number | undefined): HostTree =>
  value === undefined ? {} : { [name]: `${value}\n` };

describeGpuProbe({
  vendor: 'AMD',
  arch: 'gfx1100',
  vramMiB: Math.floor(RX_7900_BYTES / MIB),
  machine: (cards) => ({
    tree: Object.assign(
      {},
      x86Host,
      kfdCpuNode,
      ...cards.flatMap((card, index) => {
        const bound = card.driver === undefined;
        return [
          pciDevice({
            address: card.address,
            vendor: '0x1002',
            device: card.unknownDevice === true ? '0xfffe' : '0x744c',
            classCode: '0x030000',
            revision: '0xc8',
            ...(card.driver === 'none' ? {} : { driver: card.driver ?? 'amdgpu' }),
            config: new Uint8Array(64).fill(card.lost === true ? 0xff : 0x02),
            files: bound
              ? {
                  mem_info_vram_total: `${RX_7900_BYTES}\n`,
                  mem_info_gtt_total: `${16 * 1024 * MIB}\n`,
                  ...line(
                    'mem_info_vram_used',
                    card.memoryUsedMiB === undefined ? undefined : card.memoryUsedMiB * MIB,
                  ),
                  ...line('gpu_busy_percent', card.utilizationPercent),
                  'hwmon/hwmon4/temp1_label': 'edge\n',
                  ...line(
                    'hwmon/hwmon4/temp1_input',
                    card.temperatureCelsius === undefined ? undefined : card.temperatureCelsius * 1000,
                  ),
                }
              : {},
          }),
          ...(bound
            ? [
                drmCard(index, card.address),
                kfdNode({ node: index + 1, gfxTargetVersion: 110_000, address: card.address, gpuId: `${500 + index}` }),
              ]
            : []),
          card.process === undefined
            ? {}
            : {
                [`/sys/class/kfd/kfd/proc/${card.process.pid}/vram_${500 + index}`]: `${card.process.memoryMiB * MIB}\n`,
                [`/proc/${card.process.pid}/comm`]: 'engine\n',
              },
        ];
      }),
    ),
  }),
});
