import { describe, expect, it } from 'vitest';
import { A10, H100, T4 } from '../testing/classes.ts';
import { speedTable } from '../testing/fleet.ts';
import { ratioRate } from './ratio-rate.ts';

describe('ratioRate', () => {
  it('carries the ratio of another model over', () => {
    const speeds = speedTable({
      model: [[A10, 40]],
      other: [
        [A10, 100],
        [H100, 300],
      ],
    });

    expect(ratioRate('model', H100, speeds)).toBeCloseTo(120);
  });

  it('takes the geometric mean of the ratios of several models', () => {
    const speeds = speedTable({
      model: [[A10, 40]],
      twice: [
        [A10, 10],
        [H100, 20],
      ],
      eightfold: [
        [A10, 10],
        [H100, 80],
      ],
    });

    expect(ratioRate('model', H100, speeds)).toBeCloseTo(160);
  });

  it('takes the geometric mean over the classes the model was measured on', () => {
    const speeds = speedTable({
      model: [
        [A10, 40],
        [T4, 10],
      ],
      other: [
        [A10, 10],
        [T4, 10],
        [H100, 20],
      ],
    });

    expect(ratioRate('model', H100, speeds)).toBeCloseTo(40);
  });

  it('does not depend on the order of the table', () => {
    const forth = speedTable({
      model: [[A10, 37]],
      b: [
        [A10, 3],
        [H100, 7],
      ],
      c: [
        [A10, 11],
        [H100, 13],
      ],
    });
    const back = speedTable({
      c: [
        [H100, 13],
        [A10, 11],
      ],
      b: [
        [H100, 7],
        [A10, 3],
      ],
      model: [[A10, 37]],
    });

    expect(ratioRate('model', H100, forth)).toBe(ratioRate('model', H100, back));
  });

  it('knows nothing without a model that was measured on both', () => {
    expect(ratioRate('model', H100, speedTable({ model: [[A10, 40]], other: [[H100, 300]] }))).toBeUndefined();
    expect(
      ratioRate(
        'model',
        H100,
        speedTable({
          other: [
            [A10, 40],
            [H100, 300],
          ],
        }),
      ),
    ).toBeUndefined();
  });

  it('leaves out rates that are none', () => {
    const speeds = speedTable({
      model: [[A10, 40]],
      bad: [
        [A10, 0],
        [H100, 5],
      ],
      worse: [
        [A10, Number.NaN],
        [H100, 5],
      ],
    });

    expect(ratioRate('model', H100, speeds)).toBeUndefined();
  });
});
