import { gpuClass } from '../hardware/device-classes.ts';
import type { GpuDevice, GpuReadings } from '../hardware/inventory.ts';
import type { Cycle } from './cycle.ts';
import type { DeviceHolder } from './pod-resources/holders.ts';

/** The pod that a device was given to. */
export interface DevicePod {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
}

export interface DeviceReadings extends GpuReadings {
  readonly gpu: number;
  readonly pciAddress: string;
  readonly uuid?: string;
  readonly vendor: string;
  readonly product?: string;
  readonly deviceClass?: string;
  readonly driverVersion?: string;
  readonly health: string;
  /** Absent when nobody could tell; empty when the device is nobody's. */
  readonly pods?: readonly DevicePod[];
}

/** What `/readings` answers: the last finished cycle. Values that could not be read are absent. */
export interface ReadingsAnswer {
  readonly version: 1;
  readonly node: string;
  /** RFC 3339. */
  readonly takenAt: string;
  readonly cpuUtilization?: number;
  readonly devices: readonly DeviceReadings[];
  readonly problems: readonly { readonly source: string; readonly reason: string; readonly detail: string }[];
}

/** @param holders devices of pods by the ids that device plugins use; `undefined` when the kubelet could not be asked */
export function readingsAnswer(
  cycle: Cycle,
  node: string,
  holders: readonly DeviceHolder[] | undefined,
): ReadingsAnswer {
  return {
    version: 1,
    node,
    takenAt: new Date(cycle.takenAtMs).toISOString(),
    ...(cycle.cpuUtilization === undefined ? {} : { cpuUtilization: cycle.cpuUtilization }),
    devices: cycle.inventory.gpus.map((gpu) => deviceReadings(gpu, holders)),
    problems: cycle.problems,
  };
}

function deviceReadings(gpu: GpuDevice, holders: readonly DeviceHolder[] | undefined): DeviceReadings {
  const deviceClass = gpuClass(gpu);
  return {
    gpu: gpu.index,
    pciAddress: gpu.pciAddress,
    ...(gpu.uuid === undefined ? {} : { uuid: gpu.uuid }),
    vendor: gpu.vendor,
    ...(gpu.product === undefined ? {} : { product: gpu.product }),
    ...(deviceClass === undefined ? {} : { deviceClass }),
    ...(gpu.driverVersion === undefined ? {} : { driverVersion: gpu.driverVersion }),
    health: gpu.health,
    ...gpu.readings,
    ...(holders === undefined ? {} : { pods: podsOf(gpu, holders) }),
  };
}

function podsOf(gpu: GpuDevice, holders: readonly DeviceHolder[]): readonly DevicePod[] {
  return holders
    .filter(({ deviceId }) => isDevice(gpu, deviceId))
    .map(({ namespace, pod, container }) => ({ namespace, name: pod, container }));
}

/**
 * NVIDIA's plugin names a device by its UUID, with `::` and a number when it is shared in time; AMD's by the address.
 * A MIG slice has a UUID of its own, which says nothing about its card, so it is matched to none.
 */
function isDevice(gpu: GpuDevice, deviceId: string): boolean {
  const id = deviceId.replace(/::\d+$/, '').toLowerCase();
  return id === gpu.uuid?.toLowerCase() || id === gpu.pciAddress;
}
