import type { DeviceClass } from '../api/device-class.ts';
import { FlexInferError } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import { quantityToMiB } from '../api/quantity.ts';
import type { BenchmarkRecord } from '../api/record.ts';
import type { EngineInstall } from '../backends/engine.ts';
import { speedOf } from '../benchmark/record-speed.ts';
import type { GpuDevice } from '../hardware/inventory.ts';
import { architectureSupport } from '../hardware/kernels.ts';
import { estimateFootprint } from '../models/footprint.ts';
import type { Footprint, ModelHeader } from '../models/model.ts';
import { decide } from '../placement/decide.ts';
import type { Decision, Refused } from '../placement/decision.ts';
import { DEFAULT_WEIGHTS, type Requirement } from '../placement/requirement.ts';
import type { FleetSnapshot, MeasuredSpeed, NodeFacts } from '../placement/snapshot.ts';
import type { LocalDevice } from './devices.ts';
import type { Machine } from './machine.ts';

/** MiB that models of this `up` will take on each device: engines fill their memory later than they are placed. */
export type MemoryTaken = Map<string, number>;

export interface LocalPlacement {
  readonly device: LocalDevice;
  readonly footprint: Footprint;
  readonly decision: Decision;
}

export interface PlaceOptions {
  readonly machine: Machine;
  readonly deployment: ModelDeployment;
  readonly header: ModelHeader;
  /** Absent before the content of the model is known: then nothing counts as measured. */
  readonly modelHash?: string;
  readonly records: readonly BenchmarkRecord[];
  readonly install: EngineInstall;
  readonly taken: MemoryTaken;
  readonly nowMs: number;
}

/**
 * Chooses the device of this machine for one model.
 *
 * @throws FlexInferError NO_FIT with the reason of every device
 */
export function placeModel(options: PlaceOptions): LocalPlacement {
  const { machine, deployment } = options;
  const usable = machine.devices.filter((device) => canUse(device, options.install));
  const requirement = requirementOf(options);
  const snapshot = snapshotOf(usable, options);
  const decision = decideOrTry(requirement, snapshot);
  const device = usable.find((each) => each.name === decision.best?.node);
  if (device === undefined) {
    const refused = decision.verdicts.filter((verdict) => !verdict.fits);
    const why = refused.map(refusalText).join('; ');
    throw new FlexInferError('NO_FIT', `${deployment.metadata.name} fits no device of this machine: ${why}`, {
      todo: advice(refused),
    });
  }
  return { device, footprint: footprintOn(device, options), decision };
}

/** A floor cannot be tested before anything was measured here, and nothing is measured before it is placed. */
function decideOrTry(requirement: Requirement, snapshot: FleetSnapshot): Decision {
  const decision = decide(requirement, snapshot);
  const untried = decision.verdicts.some((verdict) => !verdict.fits && verdict.reason === 'SpeedUnknown');
  if (decision.best !== undefined || !untried) return decision;
  const { minTokensPerSecond: _, ...withoutFloor } = requirement;
  return decide({ ...withoutFloor, objective: 'Throughput' }, snapshot);
}

function advice(refused: readonly Refused[]): string {
  const memory = refused.some(({ reason }) => reason === 'VramCapacityTooSmall' || reason === 'VramFreeTooSmall');
  return memory
    ? 'choose a smaller model or quantisation, a shorter spec.contextLength, or free memory'
    : 'compare spec.hardware and spec.placement with what flexinfer hardware shows';
}

/** `cpu needs 31.2 GiB, has 23.5 GiB`; memory in GiB, since that is how people know their machine. */
function refusalText({ node, reason, detail }: Refused): string {
  const numbers = detail.replace(/(\d+) MiB/g, (_, mib: string) => `${(Number(mib) / 1024).toFixed(1)} GiB`);
  return detail === '' ? `${node}: ${reason}` : `${node} ${numbers}`;
}

/** Whether the engine was built for the device; one that cannot tell is given the chance. */
export function canUse(device: LocalDevice, install: EngineInstall): boolean {
  const [gpu] = device.gpus;
  return gpu === undefined || install.gpuVendors === undefined || install.gpuVendors.includes(gpu.vendor);
}

function requirementOf(options: PlaceOptions): Requirement {
  const { deployment, header, modelHash } = options;
  const { hardware, placement } = deployment.spec;
  const demanded = hardware.minVram === undefined ? undefined : quantityToMiB(hardware.minVram);
  const floor = placement.minTokensPerSecond;
  return {
    modelHash: modelHash ?? '',
    accelerator: hardware.accelerator,
    gpus: hardware.gpus,
    // Refused is only what cannot fit; between the low end and the expected size there is a warning.
    vramMiBPerGpu: demanded ?? footprint(options, hardware.gpus).lowMiB,
    cpuMemoryMiB: footprint(options, 0).lowMiB,
    vendors: hardware.vendors,
    architectures: hardware.architectures,
    kernels: header.format === 'gguf' ? ['gguf'] : [],
    int4: false,
    fit: hardware.fit,
    objective: placement.objective ?? (floor === undefined ? 'Throughput' : 'Cost'),
    ...(floor === undefined ? {} : { minTokensPerSecond: floor }),
    weights: placement.weights ?? DEFAULT_WEIGHTS,
    weightBytes: header.weightBytes,
  };
}

function footprintOn(device: LocalDevice, options: PlaceOptions): Footprint {
  return footprint(options, device.gpus.length === 0 ? 0 : options.deployment.spec.hardware.gpus);
}

function footprint({ deployment, header }: PlaceOptions, gpus: number): Footprint {
  const { contextLength, parallel, kvCache, backend } = deployment.spec;
  return estimateFootprint(header, {
    contextLength,
    parallel,
    kvCacheType: kvCache.type,
    backend: backend ?? 'llamacpp',
    gpus,
  });
}

function snapshotOf(devices: readonly LocalDevice[], { machine, records, taken, nowMs }: PlaceOptions): FleetSnapshot {
  const { memory } = machine.inventory;
  const nodes = devices.map((device): NodeFacts => {
    const used = taken.get(device.name) ?? 0;
    const [first] = device.gpus;
    if (first === undefined) {
      const cpuFreeMiB = Math.max(0, memory.availableMiB - used);
      return { name: device.name, gpus: [], cpuClass: device.deviceClass, cpuTotalMiB: memory.totalMiB, cpuFreeMiB };
    }
    const kernels = first.arch === undefined ? undefined : architectureSupport(first.arch)?.kernels;
    return {
      name: device.name,
      gpuClass: device.deviceClass,
      gpuVendor: first.vendor,
      ...(first.arch === undefined ? {} : { gpuArch: first.arch }),
      ...(kernels === undefined ? {} : { gpuKernels: kernels }),
      gpus: device.gpus.map((gpu) => gpuFacts(gpu, used)),
      observedAtMs: nowMs,
    };
  });
  return { nodes, speeds: speedTable(records), nowMs };
}

function gpuFacts(gpu: GpuDevice, usedMiB: number): NodeFacts['gpus'][number] {
  const { memoryFreeMiB, utilization } = gpu.readings;
  return {
    ...(gpu.vramMiB === undefined ? {} : { totalMiB: gpu.vramMiB }),
    ...(memoryFreeMiB === undefined ? {} : { freeMiB: Math.max(0, memoryFreeMiB - usedMiB) }),
    ...(utilization === undefined ? {} : { utilization }),
    healthy: gpu.health !== 'lost',
  };
}

function speedTable(records: readonly BenchmarkRecord[]): FleetSnapshot['speeds'] {
  const table = new Map<string, Map<DeviceClass, MeasuredSpeed>>();
  for (const record of records) {
    if (record.outcome !== 'measured') continue;
    const classes = table.get(record.modelHash) ?? new Map<DeviceClass, MeasuredSpeed>();
    const speed = { ...speedOf(record), measuredAtMs: Date.parse(record.finishedAt), stale: false };
    classes.set(record.deviceClass as DeviceClass, speed);
    table.set(record.modelHash, classes);
  }
  return table;
}
