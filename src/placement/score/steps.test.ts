import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Confidence, rankSteps } from './steps.ts';

type Scored = readonly [number, Confidence];

function steps(...sorted: readonly Scored[]): readonly number[] {
  return rankSteps(
    sorted,
    ([, confidence]) => confidence,
    ([best], [other]) => best - other <= 0.02,
  );
}

describe('rankSteps', () => {
  it('counts down from 10', () => {
    expect(steps([0.9, 'measured'], [0.8, 'measured'], [0.1, 'measured'])).toEqual([10, 9, 8]);
  });

  it('counts a step from its best candidate, so that ties are no chain', () => {
    expect(steps([0.5, 'measured'], [0.485, 'measured'], [0.47, 'measured'])).toEqual([10, 10, 9]);
  });

  it('never counts below 0', () => {
    const many = Array.from({ length: 14 }, (_, index): Scored => [1 - index / 14, 'measured']);

    expect(steps(...many)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]);
  });

  it('lets estimates stand one step above the best measured at most', () => {
    expect(steps([0.9, 'estimated'], [0.7, 'estimated'], [0.5, 'measured'], [0.3, 'measured'])).toEqual([10, 10, 9, 8]);
  });

  it('leaves estimates below the best measured where they are', () => {
    expect(steps([0.9, 'measured'], [0.7, 'estimated'], [0.5, 'measured'])).toEqual([10, 9, 8]);
  });

  it('ranks estimates among themselves when nothing is measured', () => {
    expect(steps([0.9, 'estimated'], [0.7, 'estimated'], [0.5, 'unknown'])).toEqual([10, 9, 9]);
  });

  it('puts what is unknown below the best of which something is known', () => {
    expect(steps([0.9, 'unknown'], [0.5, 'measured'], [0.3, 'measured'])).toEqual([9, 10, 9]);
    expect(steps([0.9, 'unknown'], [0.5, 'estimated'])).toEqual([9, 10]);
  });

  it('does not let a guess part two that are tied', () => {
    expect(steps([0.51, 'measured'], [0.505, 'unknown'], [0.495, 'measured'])).toEqual([10, 9, 10]);
  });

  it('treats all alike when nothing at all is known', () => {
    expect(steps([0.5, 'unknown'], [0.2, 'unknown'])).toEqual([10, 10]);
  });

  it('starves nothing that is not measured', () => {
    const many = Array.from({ length: 14 }, (_, index): Scored => [1 - index / 14, 'measured']);

    expect(steps(...many, [0, 'estimated'], [0, 'unknown']).slice(-3)).toEqual([0, 1, 1]);
  });

  const confidence = fc.constantFrom<Confidence>('measured', 'estimated', 'unknown');
  const candidates = fc
    .array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), confidence), { minLength: 1, maxLength: 40 })
    .map((each) => each.toSorted(([a], [b]) => b - a));

  it('gives integers from 0 to 10, and a 10, to whatever candidates', () => {
    fc.assert(
      fc.property(candidates, (sorted) => {
        const ranked = steps(...sorted);

        expect(ranked.every((step) => Number.isInteger(step) && step >= 0 && step <= 10)).toBe(true);
        expect(Math.max(...ranked)).toBe(10);
      }),
    );
  });

  it('keeps the best measured within one step of estimates and above all guesses', () => {
    fc.assert(
      fc.property(candidates, (sorted) => {
        const ranked = steps(...sorted);
        const best = (trust: Confidence) => Math.max(-1, ...ranked.filter((_, index) => sorted[index]?.[1] === trust));
        fc.pre(best('measured') >= 0);

        expect(best('measured')).toBeGreaterThanOrEqual(9);
        expect(best('unknown')).toBeLessThan(best('measured'));
      }),
    );
  });
});
