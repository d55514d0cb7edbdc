import { type ConformanceCard, describeGpuProbe } from '../gpu-probe.conformance.ts';
import { pciDevice } from '../testing/host-tree.ts';
import { nvidiaCells, x86Host } from '../testing/machines.ts';

const shown = (card: ConformanceCard): boolean => card.driver === undefined && card.lost !== true;
const cell = (value: number | undefined, unit: string): string => (value === undefined ? '[N/A]' : `${value}${unit}`);

describeGpuProbe({
  vendor: 'NVIDIA',
  arch: 'sm_90',
  vramMiB: 81_559,
  machine: (cards) => ({
    tree: Object.assign(
      {},
      x86Host,
      ...cards.map((card) =>
        pciDevice({
          address: card.address,
          vendor: '0x10de',
          device: card.unknownDevice === true ? '0xfffe' : '0x2330',
          classCode: '0x030200',
          ...(card.driver === 'none' ? {} : { driver: card.driver ?? 'nvidia' }),
          config: new Uint8Array(64).fill(card.lost === true ? 0xff : 0x10),
        }),
      ),
    ),
    smi: {
      devices: cards.filter(shown).map((card, index) =>
        nvidiaCells(index, card.address, {
          'temperature.gpu': cell(card.temperatureCelsius, ''),
          'utilization.gpu': cell(card.utilizationPercent, ' %'),
          'memory.used': cell(card.memoryUsedMiB, ' MiB'),
        }),
      ),
      apps: cards.flatMap((card) =>
        card.process === undefined
          ? []
          : [
              {
                gpu_bus_id: `0000${card.address.toUpperCase()}`,
                pid: String(card.process.pid),
                used_gpu_memory: `${card.process.memoryMiB} MiB`,
                process_name: '/usr/bin/engine, the second',
              },
            ],
      ),
    },
  }),
});
