import { cpuClass, gpuClass } from '../../hardware/device-classes.ts';
import { type ExplainedValue, explainInventory } from '../../hardware/explain.ts';
import type { GpuDevice, Inventory } from '../../hardware/inventory.ts';
import { type Access, probeHardware } from '../../hardware/probe-hardware.ts';
import { formatMiB } from '../format.ts';
import type { CommonOptions } from '../options.ts';
import { printResult } from '../output.ts';
import { renderTable } from '../table.ts';

export async function hardware(
  options: CommonOptions & { hostRoot: string; nvidiaSmi?: string; explain: boolean },
): Promise<void> {
  const accesses: Access[] = [];
  const inventory = await probeHardware({
    hostRoot: options.hostRoot,
    ...(options.nvidiaSmi === undefined ? {} : { nvidiaSmi: options.nvidiaSmi }),
    onAccess: (access) => accesses.push(access),
  });
  if (options.explain) {
    const explained = explainInventory(inventory, accesses);
    await printResult(options.output, { values: explained, problems: inventory.problems }, () =>
      explainTable(explained, inventory),
    );
    return;
  }
  const data = {
    ...inventory,
    cpu: { ...inventory.cpu, deviceClass: cpuClass(inventory) },
    gpus: inventory.gpus.map((gpu) => ({ ...gpu, deviceClass: gpuClass(gpu) })),
  };
  await printResult(options.output, data, () => hardwareTable(inventory));
}

function hardwareTable(inventory: Inventory): string {
  const { cpu, memory } = inventory;
  const rows = [
    [
      'cpu',
      cpu.model,
      `${cpu.level}${cpu.avx512 ? ' avx512' : ''}, ${cpu.allocatableCores} of ${cpu.logicalCpus} cores`,
      formatMiB(memory.totalMiB),
      'ok',
      cpuClass(inventory),
    ],
    ...inventory.gpus.map((gpu) => [
      `gpu ${gpu.index}`,
      gpu.product ?? `${gpu.vendor} device ${gpu.pciDeviceId}`,
      [gpu.arch, ...(gpu.mig ? ['mig'] : []), ...(gpu.integrated ? ['integrated'] : [])]
        .filter((each) => each !== undefined)
        .join(', '),
      formatMiB(gpu.vramMiB),
      healthOf(gpu),
      gpuClass(gpu),
    ]),
  ];
  return renderTable(['device', 'product', 'what', 'memory', 'health', 'device class'], rows) + problemLines(inventory);
}

function explainTable(explained: readonly ExplainedValue[], inventory: Inventory): string {
  const rows = explained.flatMap(({ device, value, is, from }) =>
    from.map((source, index) => (index === 0 ? [device, value, is, source] : ['', '', '', source])),
  );
  return renderTable(['device', 'value', 'is', 'from'], rows) + problemLines(inventory);
}

function problemLines(inventory: Inventory): string {
  return inventory.problems.map((problem) => `problem: ${problem.source}: ${problem.detail}\n`).join('');
}

function healthOf(gpu: GpuDevice): string {
  const { temperatureCelsius } = gpu.readings;
  return temperatureCelsius === undefined ? gpu.health : `${gpu.health}, ${temperatureCelsius} °C`;
}
