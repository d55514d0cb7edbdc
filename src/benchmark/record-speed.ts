import type { MeasuredRecord } from '../api/record.ts';
import { interval } from './statistics.ts';

/** The headline of a record: the median of its short point, with the interval when there are enough samples. */
export interface RecordSpeed {
  readonly tokensPerSecond: number;
  readonly low?: number;
  readonly high?: number;
  readonly samples: number;
}

export function speedOf(record: MeasuredRecord): RecordSpeed {
  const [point] = record.points;
  if (point === undefined) throw new RangeError('a measured record has at least one point');
  const rates = point.runs.map((run) => run.tokensPerSecond);
  return { tokensPerSecond: point.median, ...interval(rates), samples: rates.length };
}
