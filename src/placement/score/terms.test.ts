import { describe, expect, it } from 'vitest';
import { NOW_MS } from '../testing/fleet.ts';
import type { FleetScale } from './fleet-scale.ts';
import { type NodeWorth, termsOf, weightedSum } from './terms.ts';

const WEIGHTS = { tps: 0.7, util: 0.2, cost: 0.1 };
const SCALE: FleetScale = {
  rateOf: () => ({ source: 'neutral' }),
  fullRate: 40,
  unknownTps: 0.5,
  costs: { highest: 10, median: 4 },
  load: { mean: 0.5, nowMs: NOW_MS },
};
const NODE: NodeWorth = {
  speed: { source: 'measured', tokensPerSecond: 20 },
  load: { value: 0.25, known: true, ageMs: 12 },
  costPerHour: 5,
};

describe('termsOf', () => {
  it('adds up to tps, less utilisation, less cost', () => {
    const terms = termsOf(NODE, SCALE, WEIGHTS);

    expect(terms).toEqual({
      tps: { value: 0.5, share: 0.35, known: true },
      util: { value: 0.25, share: -0.05, known: true, ageMs: 12 },
      cost: { value: 0.5, share: -0.05, known: true },
    });
    expect(weightedSum(terms)).toBeCloseTo(0.25);
  });

  it('gives an estimate above the best measurement no more than that', () => {
    const { tps } = termsOf({ ...NODE, speed: { source: 'roofline', tokensPerSecond: 90 } }, SCALE, WEIGHTS);

    expect(tps).toEqual({ value: 1, share: 0.7, known: false });
  });

  it('lets the middle stand in for an unknown speed and the median for an unknown cost', () => {
    const { tps, cost } = termsOf({ ...NODE, speed: { source: 'neutral' }, costPerHour: undefined }, SCALE, WEIGHTS);

    expect(tps).toMatchObject({ value: 0.5, known: false });
    expect(cost).toMatchObject({ value: 0.4, known: false });
  });

  it('counts no cost where none is known, or all are free', () => {
    const unknown = termsOf({ ...NODE, costPerHour: undefined }, { ...SCALE, costs: undefined }, WEIGHTS);
    const free = termsOf({ ...NODE, costPerHour: 0 }, { ...SCALE, costs: { highest: 0, median: 0 } }, WEIGHTS);

    expect(unknown.cost).toEqual({ value: 0, share: 0, known: false });
    expect(free.cost).toEqual({ value: 0, share: 0, known: true });
  });
});
