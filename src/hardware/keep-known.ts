import type { FoundGpu } from './probe.ts';

/**
 * Fills in what a device in trouble no longer tells with what it told before, so that a sick card does not seem to
 * shrink. A healthy device is taken at its word: what it no longer tells has changed, as when a card was divided.
 *
 * @param known what each device told last, by PCI address; a device of another id in the same slot is another device
 */
export function keepKnown(gpu: FoundGpu, known: FoundGpu | undefined): FoundGpu {
  if (known === undefined || gpu.health === 'ok' || gpu.unusable !== undefined) return gpu;
  if (gpu.pciDeviceId !== '' && gpu.pciDeviceId !== known.pciDeviceId) return gpu;
  const { uuid, product, arch, vramMiB, partitions, driverVersion } = known;
  const kept = {
    ...(uuid === undefined ? {} : { uuid }),
    ...(product === undefined ? {} : { product }),
    ...(arch === undefined ? {} : { arch }),
    ...(vramMiB === undefined ? {} : { vramMiB }),
    ...(partitions === undefined ? {} : { partitions }),
    ...(driverVersion === undefined ? {} : { driverVersion }),
  };
  const nature =
    gpu.memoryType === 'unknown'
      ? { memoryType: known.memoryType, integrated: known.integrated, mig: known.mig }
      : { memoryType: gpu.memoryType, integrated: gpu.integrated, mig: gpu.mig };
  return { ...kept, ...gpu, ...nature, pciDeviceId: known.pciDeviceId };
}
