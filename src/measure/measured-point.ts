import type { MeasuredPoint, MeasuredRun, RecordFlag } from '../api/record.ts';
import { isUnsettled } from '../benchmark/series.ts';
import { MIN_INTERVAL_SAMPLES, median, spread } from '../benchmark/statistics.ts';
import type { RunShape } from './run-series.ts';

/** The runs of one point with what is to be said of them together. */
export function measuredPoint(contextLength: number, shape: RunShape, runs: readonly MeasuredRun[]): MeasuredPoint {
  const prefill = medianIfKnown(runs.map((run) => run.prefillTokensPerSecond));
  const firstToken = medianIfKnown(runs.map((run) => run.timeToFirstTokenSeconds));
  return {
    contextLength,
    parallel: shape.parallel,
    promptTokens: shape.promptTokens,
    outputTokens: shape.outputTokens,
    runs: [...runs],
    ...spread(rates(runs)),
    ...(prefill === undefined ? {} : { prefillTokensPerSecond: prefill }),
    ...(firstToken === undefined ? {} : { timeToFirstTokenSeconds: firstToken }),
    flags: flagsOf(runs),
  };
}

export function rates(runs: readonly MeasuredRun[]): readonly number[] {
  return runs.map((run) => run.tokensPerSecond);
}

/** What is true of any run is said of the point, and what only the series shows. */
function flagsOf(runs: readonly MeasuredRun[]): RecordFlag[] {
  const flags = new Set(runs.flatMap((run) => run.flags));
  if (isUnsettled(rates(runs))) flags.add('unstable');
  if (runs.length < MIN_INTERVAL_SAMPLES) flags.add('lowConfidence');
  return [...flags];
}

/** Nothing when some run does not know: a median of the others would be one of other runs. */
function medianIfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length && known.length > 0 ? median(known) : undefined;
}
