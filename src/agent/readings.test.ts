import { describe, expect, it } from 'vitest';
import type { GpuDevice } from '../hardware/inventory.ts';
import { readingsAnswer } from './readings.ts';
import { cycleOf } from './testing/cycles.ts';

const h100: GpuDevice = {
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: '0000:01:00.0',
  pciDeviceId: '2330',
  uuid: 'GPU-aaaa',
  product: 'NVIDIA H100',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: { temperatureCelsius: 40, powerWatts: 120 },
};
const radeon: GpuDevice = { ...h100, index: 1, vendor: 'AMD', pciAddress: '0000:03:00.0', uuid: '1a2b', readings: {} };
const holder = (pod: string, deviceId: string) => ({
  namespace: 'default',
  pod,
  container: 'main',
  resource: 'x',
  deviceId,
});

describe('readingsAnswer', () => {
  it('gives the readings there are, when they were taken, and no others', () => {
    const answer = readingsAnswer(cycleOf({ gpus: [h100, radeon] }, 0.25), 'n', undefined);

    expect(answer).toMatchObject({ version: 1, node: 'n', takenAt: '2026-01-01T00:00:00.000Z', cpuUtilization: 0.25 });
    expect(answer.devices[0]).toMatchObject({
      gpu: 0,
      temperatureCelsius: 40,
      powerWatts: 120,
      deviceClass: 'nvidia.h100.sm_90.79g',
    });
    for (const unknown of ['utilization', 'memoryUsedMiB', 'pods'])
      expect(answer.devices[0]).not.toHaveProperty(unknown);
    expect(answer.devices[1]).not.toHaveProperty('temperatureCelsius');
  });

  it('names the pods that have a device, by the ids of either vendor', () => {
    const holders = [
      holder('a', 'GPU-aaaa'),
      holder('shared', 'GPU-AAAA::3'),
      holder('b', '0000:03:00.0'),
      holder('c', 'MIG-x'),
    ];

    const { devices } = readingsAnswer(cycleOf({ gpus: [h100, radeon] }), 'n', holders);

    expect(devices.map(({ pods }) => pods?.map((pod) => pod.name))).toEqual([['a', 'shared'], ['b']]);
  });

  it('tells an idle device from one nobody could ask about', () => {
    expect(readingsAnswer(cycleOf({ gpus: [h100] }), 'n', []).devices[0]?.pods).toEqual([]);
    expect(readingsAnswer(cycleOf({ gpus: [h100] }), 'n', undefined).devices[0]?.pods).toBeUndefined();
  });
});
