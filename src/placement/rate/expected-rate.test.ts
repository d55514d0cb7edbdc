import { describe, expect, it } from 'vitest';
import { A10, deviceClass, H100, ODD, T4 } from '../testing/classes.ts';
import { measured, speedTable } from '../testing/fleet.ts';
import { expectedRate } from './expected-rate.ts';

const model = { modelHash: 'model', gpus: 1 } as const;
const H100_47 = deviceClass('nvidia.h100-80gb-hbm3.sm_90.47g');

describe('expectedRate', () => {
  it('gives the measurement with its spread, age and mark where there is one', () => {
    const speeds = speedTable({ model: [[A10, measured(40, { low: 39, high: 42, measuredAtMs: 7, stale: true })]] });

    expect(expectedRate(model, A10, speeds)).toEqual({
      source: 'measured',
      tokensPerSecond: 40,
      low: 39,
      high: 42,
      samples: 5,
      measuredAtMs: 7,
      stale: true,
    });
  });

  it('climbs down: measured, scaled, ratio, roofline, neutral', () => {
    const speeds = speedTable({
      model: [[H100, 200]],
      other: [
        [H100, 100],
        [A10, 20],
      ],
    });

    expect(expectedRate(model, H100, speeds)).toMatchObject({ source: 'measured', tokensPerSecond: 200 });
    expect(expectedRate(model, H100_47, speeds)).toEqual({ source: 'scaled', tokensPerSecond: 200 });
    expect(expectedRate(model, A10, speeds)).toEqual({ source: 'ratio', tokensPerSecond: expect.closeTo(40, 6) });
    expect(expectedRate(model, T4, speeds)).toMatchObject({ source: 'roofline' });
    expect(expectedRate(model, ODD, speeds)).toEqual({ source: 'neutral' });
  });

  it('is neutral about a node that does not say its class', () => {
    expect(expectedRate(model, undefined, speedTable({ model: [[A10, 40]] }))).toEqual({ source: 'neutral' });
  });

  it('knows the model by its measurements with another number of GPUs', () => {
    const speeds = speedTable({ single: [[A10, 40]] });
    const twice = { modelHash: 'double', gpus: 2, otherCounts: [{ modelHash: 'single', gpus: 1 }] } as const;

    expect(expectedRate(twice, A10, speeds)).toEqual({ source: 'scaled', tokensPerSecond: 80 });
  });

  it('gives no bounds to fewer than three samples', () => {
    const speeds = speedTable({ model: [[A10, measured(40, { samples: 2 })]] });

    expect(expectedRate(model, A10, speeds)).not.toHaveProperty('low');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308])('does not believe in a rate of %s', (rate) => {
    expect(expectedRate(model, ODD, speedTable({ model: [[ODD, rate]] }))).toEqual({ source: 'neutral' });
  });

  it('does not believe in bounds on the wrong side', () => {
    const speeds = speedTable({ model: [[A10, measured(40, { low: 50, high: Number.NaN })]] });

    expect(expectedRate(model, A10, speeds)).toMatchObject({ tokensPerSecond: 40 });
    expect(expectedRate(model, A10, speeds)).not.toHaveProperty('low');
    expect(expectedRate(model, A10, speeds)).not.toHaveProperty('high');
  });
});
