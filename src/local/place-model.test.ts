import { describe, expect, it } from 'vitest';
import type { ModelDeployment } from '../api/manifest.ts';
import type { MeasuredRecord } from '../api/record.ts';
import { validateModelDeployment } from '../api/validation.ts';
import type { EngineInstall } from '../backends/engine.ts';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import type { ModelHeader } from '../models/model.ts';
import { localDevices } from './devices.ts';
import type { Machine } from './machine.ts';
import { canUse, type PlaceOptions, placeModel } from './place-model.ts';

/** The GPU of these tests is made up: no test machine has one. What is tested is the choice, not the card. */
const gpu: GpuDevice = {
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: '0000:01:00.0',
  pciDeviceId: '27b8',
  product: 'NVIDIA L4',
  arch: 'sm_89',
  vramMiB: 23_034,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: { memoryFreeMiB: 22_000, utilization: 0 },
};
const inventory: Inventory = {
  cpu: {
    model: 'AMD EPYC 7763',
    architecture: 'x86-64',
    level: 'v3',
    avx512: false,
    allocatableCores: 8,
    logicalCpus: 8,
  },
  memory: { totalMiB: 32_000, availableMiB: 30_000 },
  gpus: [gpu],
  problems: [],
};
const header: ModelHeader = {
  format: 'gguf',
  architecture: 'llama',
  parameters: 8e9,
  quantization: 'Q4_K_M',
  weightBytes: 4.9e9,
  kvBytesPerToken: 131_072,
};
const install: EngineInstall = { command: 'llama-server', version: 'b1', gpuVendors: ['NVIDIA'] };
const hash = 'a'.repeat(32);

const deployment = (spec: object = {}): ModelDeployment => {
  const result = validateModelDeployment({
    apiVersion: 'flexinfer.ai/v1alpha1',
    kind: 'ModelDeployment',
    metadata: { name: 'm' },
    spec: { model: { source: 'file:///m.gguf' }, ...spec },
  });
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.value;
};

const measured = (deviceClass: string, rate: number): MeasuredRecord => ({
  version: 1,
  protocol: 'v1',
  outcome: 'measured',
  modelHash: hash,
  subject: {
    contentHash: 'b'.repeat(64),
    backend: 'llamacpp',
    args: [],
    contextLength: 4096,
    parallel: 1,
    kvCacheType: 'auto',
    gpus: 1,
    protocol: 'v1',
  },
  model: { name: 'm', source: 'file:///m.gguf' },
  deviceClass,
  node: 'here',
  devices: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
  engine: { name: 'llamacpp', version: 'b1', arguments: [] },
  points: [
    {
      contextLength: 4096,
      parallel: 1,
      promptTokens: 128,
      outputTokens: 128,
      runs: [rate, rate, rate].map((tokensPerSecond) => ({
        tokensPerSecond,
        promptTokens: 128,
        outputTokens: 128,
        timing: 'server',
        flags: [],
      })),
      median: rate,
      mad: 0,
      min: rate,
      max: rate,
      flags: [],
    },
  ],
  flags: [],
  load: { startSeconds: 1, pageCache: 'unknown' },
});

const place = (change: Partial<PlaceOptions> = {}, machine: Inventory = inventory) =>
  placeModel({
    machine: { inventory: machine, devices: localDevices(machine) } as Machine,
    deployment: deployment(),
    header,
    modelHash: hash,
    records: [],
    install,
    taken: new Map(),
    nowMs: Date.parse('2026-01-02T00:00:00.000Z'),
    ...change,
  });

describe('placeModel on a machine with a GPU', () => {
  it('takes the GPU as long as nothing was measured', () => {
    expect(place().device.name).toBe('gpu 0');
  });

  it('takes the device that was measured to be faster, be it the CPU', () => {
    const records = [measured('nvidia.l4.sm_89.22g', 12), measured('cpu.amd-epyc-7763.v3.8c', 19)];

    expect(place({ records }).device.name).toBe('cpu');
  });

  it('takes the CPU when the engine was built without support for the GPU', () => {
    const cpuOnly: EngineInstall = { ...install, gpuVendors: [] };

    expect(place({ install: cpuOnly }).device.name).toBe('cpu');
    expect(localDevices(inventory).map((device) => canUse(device, cpuOnly))).toEqual([false, true]);
  });

  it('takes the CPU when an earlier model of the file has filled the GPU', () => {
    expect(place({ taken: new Map([['gpu 0', 20_000]]) }).device.name).toBe('cpu');
  });

  it('gives the memory the model takes where it goes: more on a GPU than on the CPU', () => {
    const onCpu = place({ deployment: deployment({ hardware: { accelerator: 'CPU' } }) });

    expect(onCpu.device.name).toBe('cpu');
    expect(place().footprint.perGpuMiB).toBeGreaterThan(onCpu.footprint.perGpuMiB);
  });
});

describe('placeModel that finds no device', () => {
  it('names what every device lacks, in GiB', () => {
    const huge = { ...header, weightBytes: 100 * 2 ** 30 };

    expect(() => place({ header: huge })).toThrow(
      /^m fits no device of this machine: gpu 0 needs 10\d\.\d GiB, has 22\.5 GiB; cpu needs 10\d\.\d GiB, has 31\.3 GiB$/,
    );
  });

  it('takes a model that does not fit when the manifest says so', () => {
    const huge = { ...header, weightBytes: 100 * 2 ** 30 };

    const placed = place({ header: huge, deployment: deployment({ hardware: { fit: 'Warn' } }) });

    expect(placed.decision.best?.warnings).not.toEqual([]);
  });

  it('does not take memory that a manifest demands in place of the estimate', () => {
    const demanding = deployment({ hardware: { accelerator: 'GPU', minVram: '40Gi' } });

    expect(() => place({ deployment: demanding })).toThrow(/gpu 0 needs 40\.0 GiB, has 22\.5 GiB/);
  });
});

describe('a speed floor', () => {
  const floor = deployment({ placement: { minTokensPerSecond: 15 } });

  it('does not keep a model from being measured for the first time', () => {
    expect(place({ deployment: floor }).device.name).toBe('gpu 0');
  });

  it('refuses a device that was measured to be slower', () => {
    const records = [measured('nvidia.l4.sm_89.22g', 12), measured('cpu.amd-epyc-7763.v3.8c', 19)];

    expect(place({ deployment: floor, records }).device.name).toBe('cpu');
    expect(() =>
      place({ deployment: floor, records: records.map((record) => measured(record.deviceClass, 9)) }),
    ).toThrow(expect.objectContaining({ code: 'NO_FIT' }));
  });
});
