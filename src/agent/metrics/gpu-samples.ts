import type { GpuDevice, GpuReadings } from '../../hardware/inventory.ts';

const MIB = 1024 * 1024;

interface GpuLabels {
  readonly gpu: string;
  readonly node: string;
}

/** The series of a node's GPUs. A reading that is not there gives none, never a zero. */
export function gpuSamples(gpus: readonly GpuDevice[], node: string) {
  const labelsOf = (gpu: GpuDevice): GpuLabels => ({ gpu: String(gpu.index), node });
  const reading = (of: (readings: GpuReadings) => number | undefined) =>
    gpus.map((gpu) => ({ labels: labelsOf(gpu), value: of(gpu.readings) }));
  const bytes = (mib: number | undefined) => (mib === undefined ? undefined : mib * MIB);
  return {
    temperature: reading((readings) => readings.temperatureCelsius),
    utilization: reading((readings) => readings.utilization),
    memoryTotal: gpus.map((gpu) => ({ labels: labelsOf(gpu), value: bytes(gpu.vramMiB) })),
    memoryUsed: reading((readings) => bytes(readings.memoryUsedMiB)),
    memoryFree: reading((readings) => bytes(readings.memoryFreeMiB)),
    power: reading((readings) => readings.powerWatts),
    powerLimit: reading((readings) => readings.powerLimitWatts),
    info: gpus.map((gpu) => ({ labels: { ...labelsOf(gpu), ...identity(gpu) }, value: 1 })),
    health: gpus.map((gpu) => ({ labels: { ...labelsOf(gpu), state: gpu.health }, value: 1 })),
  };
}

function identity(gpu: GpuDevice) {
  return {
    uuid: gpu.uuid ?? '',
    pci_bus_id: gpu.pciAddress,
    vendor: gpu.vendor,
    product: gpu.product ?? '',
    arch: gpu.arch ?? '',
    driver_version: gpu.driverVersion ?? '',
  };
}
