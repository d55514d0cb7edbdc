import { describe, expect, it } from 'vitest';
import { cpuNode, gpuNode, requirement } from '../testing/fleet.ts';
import { fleetCosts, replicaCost } from './cost.ts';

describe('replicaCost', () => {
  it('is that of the devices one replica takes', () => {
    const node = gpuNode('a', { costPerHour: 1.5 });

    expect(replicaCost(requirement({ gpus: 4 }), node, 'gpu')).toBe(6);
    expect(replicaCost(requirement({ gpus: 4 }), node, 'cpu')).toBe(1.5);
    expect(replicaCost(requirement(), gpuNode('free', { costPerHour: 0 }), 'gpu')).toBe(0);
  });

  it.each([Number.NaN, -1, 1000.01, 1e9, Number.POSITIVE_INFINITY])('takes a price of %s for none', (costPerHour) => {
    expect(replicaCost(requirement(), gpuNode('a', { costPerHour }), 'gpu')).toBeUndefined();
  });
});

describe('fleetCosts', () => {
  it('gives the highest and the median of whole replicas', () => {
    const nodes = [1, 2, 30].map((costPerHour, index) => gpuNode(`gpu-${index}`, { costPerHour }));
    const fleet = [...nodes, gpuNode('unknown'), cpuNode('cpu', { costPerHour: 3 })];

    expect(fleetCosts(requirement({ gpus: 2 }), fleet)).toEqual({ highest: 60, median: 3.5 });
  });

  it('is unknown when no price is', () => {
    expect(fleetCosts(requirement(), [gpuNode('a'), gpuNode('b', { costPerHour: -1 })])).toBeUndefined();
  });
});
