import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuNode, gpu, gpuNode, NOW_MS, requirement } from '../testing/fleet.ts';
import { expectedLoad, fleetLoad } from './utilization.ts';

const FLEET = { mean: 0.4, nowMs: NOW_MS };

function busy(utilization: number, ageMs = 0) {
  return gpuNode('a', { gpus: [gpu({ utilization })], observedAtMs: NOW_MS - ageMs });
}

describe('expectedLoad', () => {
  it('is the reading while that is fresh', () => {
    expect(expectedLoad(requirement(), busy(0.9, 90_000), 'gpu', FLEET)).toEqual({
      value: 0.9,
      known: true,
      ageMs: 90_000,
    });
  });

  it('decays to the mean of the fleet, half of the way in two minutes', () => {
    expect(expectedLoad(requirement(), busy(0.8, 210_000), 'gpu', FLEET).value).toBeCloseTo(0.6);
    expect(expectedLoad(requirement(), busy(0, 210_000), 'gpu', FLEET).value).toBeCloseTo(0.2);
    expect(expectedLoad(requirement(), busy(0, 86_400_000), 'gpu', FLEET).value).toBeCloseTo(0.4);
  });

  it('takes a time in the future for now', () => {
    expect(expectedLoad(requirement(), busy(0.9, -3_600_000), 'gpu', FLEET)).toEqual({
      value: 0.9,
      known: true,
      ageMs: 0,
    });
  });

  it.each([Number.NaN, -5, 250, Number.POSITIVE_INFINITY])('takes a reading of %s for none', (utilization) => {
    expect(expectedLoad(requirement(), busy(utilization), 'gpu', FLEET)).toEqual({ value: 0.4, known: false });
  });

  it('never takes silence for idleness', () => {
    const { observedAtMs: _at, ...undated } = busy(0);

    expect(expectedLoad(requirement(), gpuNode('a', { gpus: [{ healthy: true }] }), 'gpu', FLEET).value).toBe(0.4);
    expect(expectedLoad(requirement(), undated, 'gpu', FLEET)).toEqual({ value: 0.4, known: false });
  });

  it('looks at the least used GPUs on which the replica fits', () => {
    const gpus = [
      gpu({ utilization: 0, totalMiB: 4096 }),
      gpu({ utilization: 0.9 }),
      gpu({ utilization: 0.3 }),
      gpu({ utilization: 0.1, healthy: false }),
    ];
    const node = gpuNode('a', { gpus });

    expect(expectedLoad(requirement({ vramMiBPerGpu: 6000 }), node, 'gpu', FLEET).value).toBe(0.3);
    expect(expectedLoad(requirement({ vramMiBPerGpu: 6000, gpus: 2 }), node, 'gpu', FLEET).value).toBeCloseTo(0.6);
  });

  it('looks at the CPU of a CPU replica', () => {
    expect(expectedLoad(requirement(), cpuNode('a', { cpuUtilization: 0.7 }), 'cpu', FLEET).value).toBe(0.7);
  });

  it('adds what was placed there since the reading, to at most 1', () => {
    const node = { ...busy(0.3), pendingLoad: 0.5 };

    expect(expectedLoad(requirement(), node, 'gpu', FLEET).value).toBeCloseTo(0.8);
    expect(expectedLoad(requirement(), { ...node, pendingLoad: 1 }, 'gpu', FLEET).value).toBe(1);
  });

  it('is a share for whatever readings, ages and loads', () => {
    const number = fc.double();

    fc.assert(
      fc.property(
        number,
        number,
        number,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (utilization, at, pendingLoad, mean) => {
          const node = gpuNode('a', { gpus: [gpu({ utilization })], observedAtMs: at, pendingLoad });
          const { value } = expectedLoad(requirement(), node, 'gpu', { mean, nowMs: NOW_MS });

          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('fleetLoad', () => {
  it('is the mean over devices with a fresh reading', () => {
    const nodes = [
      gpuNode('a', { gpus: [gpu({ utilization: 0.2 }), gpu({ utilization: 0.6 })] }),
      cpuNode('b', { cpuUtilization: 0.4 }),
      gpuNode('old', { gpus: [gpu({ utilization: 1 })], observedAtMs: NOW_MS - 91_000 }),
      gpuNode('bad', { gpus: [gpu({ utilization: 99 })] }),
    ];

    expect(fleetLoad(nodes, NOW_MS).mean).toBeCloseTo(0.4);
  });

  it('is neither idle nor busy where nothing is known', () => {
    expect(fleetLoad([], NOW_MS).mean).toBe(0.5);
  });
});
