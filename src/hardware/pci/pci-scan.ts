import type { HostFiles } from '../host-files.ts';
import type { HardwareProblem } from '../inventory.ts';
import type { Probe, ProbeResult } from '../probe.ts';
import { comparePciAddresses, normalizePciAddress } from './pci-address.ts';
import type { PciGpu } from './pci-gpu.ts';
import { gpuVendor, gpuVendorOfDriver, isGpuClass, parsePciNumber } from './pci-ids.ts';

export interface PciScan {
  /** In address order. */
  readonly gpus: readonly PciGpu[];
  /** Whether there was a bus to look at; without one an empty list proves nothing. */
  readonly readable: boolean;
}

const DEVICES = '/sys/bus/pci/devices';

/** The GPUs that should be there. Needs no driver and no privilege. */
export const pciProbe: Probe<PciScan> = { source: 'pci', probe: ({ files }) => scanPci(files) };

async function scanPci(files: HostFiles): Promise<ProbeResult<PciScan>> {
  const names = await files.list(DEVICES);
  if (names === undefined) {
    // Boards without this bus exist; a machine without any devices in its tree is one that cannot be looked into.
    const blind = (await files.list('/sys/devices')) === undefined;
    const detail = `${DEVICES} cannot be listed, and nothing else of /sys either`;
    return {
      value: { gpus: [], readable: false },
      problems: blind ? [{ source: 'pci', reason: 'unreadable', detail }] : [],
    };
  }
  const gpus: PciGpu[] = [];
  const problems: HardwareProblem[] = [];
  for (const name of names) {
    const address = normalizePciAddress(name);
    if (address === undefined) continue;
    const found = await inspect(files, `${DEVICES}/${name}`, address);
    if (found === 'lost') {
      const detail = 'a PCI function answers only with ones; what it was is no longer known';
      problems.push({ source: 'pci', reason: 'function_lost', detail, device: address });
    } else if (found !== undefined) {
      gpus.push(found);
      if (found.lost) {
        const detail = `the ${found.vendor} GPU no longer answers on the PCI bus`;
        problems.push({ source: 'pci', reason: 'function_lost', detail, device: address });
      }
    }
  }
  gpus.sort((a, b) => comparePciAddresses(a.address, b.address));
  return { value: { gpus, readable: true }, problems };
}

async function inspect(files: HostFiles, path: string, address: string): Promise<PciGpu | 'lost' | undefined> {
  // An entry may vanish between listing and reading; then there is simply nothing to inspect.
  const vendorId = parsePciNumber((await files.read(`${path}/vendor`)).text);
  if (vendorId === undefined) return undefined;
  const driver = await files.linkName(`${path}/driver`);
  if (vendorId === 0xffff) {
    const vendor = driver === undefined ? undefined : gpuVendorOfDriver(driver);
    if (vendor === undefined || driver === undefined) return 'lost';
    return { address, vendor, deviceId: '', driver, lost: true };
  }
  const vendor = gpuVendor(vendorId);
  const classCode = parsePciNumber((await files.read(`${path}/class`)).text);
  if (vendor === undefined || classCode === undefined || !isGpuClass(classCode)) return undefined;
  const deviceId = parsePciNumber((await files.read(`${path}/device`)).text);
  const revision = parsePciNumber((await files.read(`${path}/revision`)).text);
  return {
    address,
    vendor,
    deviceId: deviceId === undefined ? '' : deviceId.toString(16).padStart(4, '0'),
    ...(revision === undefined ? {} : { revision: revision.toString(16).padStart(2, '0') }),
    ...(driver === undefined ? {} : { driver }),
    lost: await configurationIsOnes(files, path),
  };
}

/** The kernel remembers `vendor` from start-up; only the configuration space itself tells that a device has gone. */
async function configurationIsOnes(files: HostFiles, path: string): Promise<boolean> {
  // Reading the configuration space would wake a sleeping device.
  const runtime = await files.read(`${path}/power/runtime_status`);
  if (runtime.text?.trim() === 'suspended') return false;
  const head = await files.readBytes(`${path}/config`, 4);
  return head?.length === 4 && head.every((byte) => byte === 0xff);
}
