import { median } from '../../src/benchmark/statistics.ts';

export interface RatioInterval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 4000;
const TAIL = 0.025;

/**
 * The ratio of the medians of two series and its 95 % bootstrap interval. The two numbers of a round are drawn together,
 * because the speed of the machine drifts for both.
 */
export function ratioOfMedians(a: readonly number[], b: readonly number[]): RatioInterval {
  const rounds = a.flatMap((value, index) => {
    const other = b[index];
    return other === undefined ? [] : [{ value, other }];
  });
  const ratioOf = (picked: typeof rounds) =>
    median(picked.map(({ value }) => value)) / median(picked.map(({ other }) => other));
  const ratios = Array.from({ length: RESAMPLES }, () =>
    ratioOf(rounds.map((round) => rounds[Math.floor(Math.random() * rounds.length)] ?? round)),
  ).sort((x, y) => x - y);
  const at = (share: number) => ratios[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))] ?? Number.NaN;
  return { ratio: ratioOf(rounds), low: at(TAIL), high: at(1 - TAIL) };
}
