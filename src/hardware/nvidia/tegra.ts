import { TEMPERATURE_CELSIUS } from '../gpu-ranges.ts';
import type { HostFiles } from '../host-files.ts';
import type { GpuReadings } from '../inventory.ts';
import type { FoundGpu } from '../probe.ts';

/** Address of a GPU that is part of the chip and on no PCI bus. */
export const SOC_ADDRESS = 'soc:gpu';

/** Architecture by the chip's name in the device tree. Source: NVIDIA, "CUDA GPUs", compute capability of Jetson modules. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['tegra210', 'sm_53'],
  ['tegra186', 'sm_62'],
  ['tegra194', 'sm_72'],
  ['tegra234', 'sm_87'],
  ['tegra264', 'sm_110'],
]);

/** Where the driver of each generation shows the load, per mille. */
const LOADS = ['/sys/devices/gpu.0/load', '/sys/devices/platform/bus@0/17000000.gpu/load'];

/** `# R36 (release), REVISION: 4.3, …` gives `r36.4.3`. */
export function parseTegraRelease(text: string): string | undefined {
  const match = /^# R(\d{1,3}) \(release\), REVISION: (\d{1,3}(?:\.\d{1,3})?)/.exec(text);
  return match === null ? undefined : `r${match[1]}.${match[2]}`;
}

/** Architecture from `/proc/device-tree/compatible`, strings separated by zero bytes. */
export function parseTegraCompatible(text: string): string | undefined {
  const chip = /nvidia,(tegra\d{3})/.exec(text)?.[1];
  return chip === undefined ? undefined : ARCHITECTURES.get(chip);
}

/** The GPU of a Jetson, which a scan of the PCI bus cannot find; `undefined` on every other machine. */
export async function describeTegra(files: HostFiles): Promise<FoundGpu | undefined> {
  const release = (await files.read('/etc/nv_tegra_release')).text;
  const family = (await files.read('/sys/devices/soc0/family')).text;
  if (release === undefined && !/tegra/i.test(family ?? '')) return undefined;
  const driverVersion = parseTegraRelease(release ?? '');
  const arch = parseTegraCompatible((await files.read('/proc/device-tree/compatible')).text ?? '');
  const model = (await files.read('/proc/device-tree/model')).text?.replaceAll('\0', '').trim();
  return {
    vendor: 'NVIDIA',
    pciAddress: SOC_ADDRESS,
    pciDeviceId: '',
    ...(model === undefined || model === '' ? {} : { product: model }),
    ...(arch === undefined ? {} : { arch }),
    memoryType: 'unified',
    integrated: true,
    mig: false,
    ...(driverVersion === undefined ? {} : { driverVersion }),
    health: 'ok',
    readings: await readTegra(files),
  };
}

export async function readTegra(files: HostFiles): Promise<GpuReadings> {
  const utilization = await readLoad(files);
  const temperatureCelsius = await readTemperature(files);
  return {
    ...(temperatureCelsius === undefined ? {} : { temperatureCelsius }),
    ...(utilization === undefined ? {} : { utilization }),
  };
}

async function readLoad(files: HostFiles): Promise<number | undefined> {
  for (const path of LOADS) {
    const { text } = await files.read(path);
    if (text !== undefined && /^\d{1,4}\s*$/.test(text) && Number(text) <= 1000) return Number(text) / 1000;
  }
  return undefined;
}

async function readTemperature(files: HostFiles): Promise<number | undefined> {
  const zones = (await files.list('/sys/class/thermal')) ?? [];
  for (const wanted of [/^gpu-thermal$/i, /^tj-thermal$/i]) {
    for (const zone of zones) {
      const type = (await files.read(`/sys/class/thermal/${zone}/type`)).text?.trim();
      if (type === undefined || !wanted.test(type)) continue;
      const { text } = await files.read(`/sys/class/thermal/${zone}/temp`);
      const celsius = text !== undefined && /^-?\d{1,7}\s*$/.test(text) ? Number(text) / 1000 : undefined;
      // A sensor of a part that is switched off reads exactly zero here.
      if (
        celsius !== undefined &&
        celsius !== 0 &&
        celsius >= TEMPERATURE_CELSIUS.min &&
        celsius <= TEMPERATURE_CELSIUS.max
      ) {
        return celsius;
      }
    }
  }
  return undefined;
}
