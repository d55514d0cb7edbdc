import type { Clock } from '../api/clock.ts';
import { FlexInferError } from '../api/errors.ts';
import type { MeasuredPoint, MeasuredRun } from '../api/record.ts';
import type { EngineClient } from '../backends/engine.ts';
import { isEnough, isUnsettled } from '../benchmark/series.ts';
import { DeviceLog } from './device-log.ts';
import type { SampleDevices } from './device-watch.ts';
import { fullContextSeconds, fullContextShape } from './full-context.ts';
import { measuredPoint, rates } from './measured-point.ts';
import { RunSeries, type RunShape } from './run-series.ts';

/** Prompt and answer of protocol v1, in tokens. See docs/measuring.md. */
export const PROMPT_TOKENS = 128;
export const OUTPUT_TOKENS = 128;
const SHORT_POINT: RunShape = { promptTokens: PROMPT_TOKENS, outputTokens: OUTPUT_TOKENS, parallel: 1 };

const FULL_CONTEXT_RUNS = 3;

export interface MeasureOptions {
  readonly client: Pick<EngineClient, 'generate'>;
  /** Name of the engine: some may give a few tokens more than asked for. Absent: llama.cpp's rules. */
  readonly backend?: string;
  /** Tokens per sequence that the engine was started with. */
  readonly contextLength: number;
  /** Sequences the engine was started for. The short point is always measured with one. */
  readonly parallel: number;
  readonly warmupIterations: number;
  readonly iterations: number;
  /** Measured runs stop after this time, between two runs. */
  readonly maxMs: number;
  /**
   * How long runs at full context and all sequences at once may take, within `maxMs`. 0, which is also the default, leaves
   * them out; so does a context below 4096 tokens, and an estimate that not one run would fit into the time.
   */
  readonly fullContextMs?: number;
  /** Decides the prompts. Another seed for every measurement, or a prefix cache may know them. */
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Looks at the devices before, during and after each run. */
  readonly sampleDevices?: SampleDevices;
  readonly sampleEveryMs?: number;
  readonly onProgress?: (progress: MeasureProgress) => void;
}

export interface MeasureProgress {
  readonly phase: 'warm-up' | 'run';
  /** From 1. */
  readonly index: number;
  /** As planned; a series that scatters is given twice as many. */
  readonly total: number;
  /** Tokens in the prompt: 128, or close to the whole context. */
  readonly promptTokens: number;
  /** Of the run before. */
  readonly tokensPerSecond?: number;
}

export interface Measurement {
  readonly point: MeasuredPoint;
  /** The point at full context, when it was asked for, was affordable and worked. */
  readonly fullContext: MeasuredPoint | undefined;
  /** Why a point at full context that was begun came to nothing. */
  readonly fullContextProblem: string | undefined;
  readonly peakDeviceMemoryMiB: number | undefined;
  /** Of the measured runs of the short point, prompts included; absent with fewer than ten power samples. */
  readonly energyJoules: number | undefined;
  /** Time to the first token of the first generation after the engine was ready. */
  readonly firstTokenSeconds: number | undefined;
}

/**
 * Drives one engine through the protocol: warm-ups, then runs with a fresh prompt each until M runs or N seconds, and one
 * more batch when the rates scatter or fall; afterwards, if asked for, up to three runs at full context.
 *
 * @throws FlexInferError BENCHMARK_FAILED when no valid run could be made, ENGINE_FAILED, CANCELLED
 * @throws RangeError for a protocol that makes no sense, such as no iteration
 */
export async function measureEngine(options: MeasureOptions): Promise<Measurement> {
  checkProtocol(options);
  const { clock, signal, sampleDevices, sampleEveryMs, iterations, warmupIterations, maxMs, onProgress } = options;
  const logOptions = { clock, signal, sampleDevices, ...(sampleEveryMs === undefined ? {} : { sampleEveryMs }) };
  const { client, seed, backend = 'llamacpp' } = options;
  const log = new DeviceLog(logOptions);
  const series = new RunSeries({ client, backend, seed, signal });

  let firstTokenSeconds: number | undefined;
  for (let index = 1; index <= warmupIterations; index += 1) {
    onProgress?.({ phase: 'warm-up', index, total: warmupIterations, promptTokens: PROMPT_TOKENS });
    // Watched by a log of its own: the energy of a warm-up is not that of the measurement.
    const run = await series.run(SHORT_POINT, new DeviceLog(logOptions));
    firstTokenSeconds ??= run.timeToFirstTokenSeconds;
  }

  const begin = clock.monotonicMs();
  const elapsedMs = () => clock.monotonicMs() - begin;
  const runs: MeasuredRun[] = [];
  const runUntil = async (total: number) => {
    while (!isEnough(runs.length, elapsedMs(), { iterations: total, maxMs })) {
      onProgress?.({
        phase: 'run',
        index: runs.length + 1,
        total,
        promptTokens: PROMPT_TOKENS,
        ...lastRate(runs),
      });
      runs.push(await series.run(SHORT_POINT, log));
    }
  };
  await runUntil(iterations);
  if (isUnsettled(rates(runs))) await runUntil(2 * iterations);
  const point = measuredPoint(options.contextLength, SHORT_POINT, runs);
  const energyJoules = log.energyJoules;

  const timeLeftMs = Math.min(options.fullContextMs ?? 0, maxMs - elapsedMs());
  const full = await measureFullContext(options, series, log, point, timeLeftMs);
  return {
    point,
    fullContext: full.point,
    fullContextProblem: full.problem,
    peakDeviceMemoryMiB: log.peakMemoryMiB,
    energyJoules,
    firstTokenSeconds: firstTokenSeconds ?? runs[0]?.timeToFirstTokenSeconds,
  };
}

/**
 * A point of its own, never mixed with the short one. An engine that cannot do it has been measured all the same, so only
 * an interruption is passed on; an engine that died is noticed by whoever runs it.
 */
async function measureFullContext(
  { contextLength, parallel, clock, onProgress }: MeasureOptions,
  series: RunSeries,
  log: DeviceLog,
  short: MeasuredPoint,
  budgetMs: number,
): Promise<{ readonly point?: MeasuredPoint; readonly problem?: string }> {
  const shape = fullContextShape(contextLength, parallel, OUTPUT_TOKENS);
  if (shape === undefined || fullContextSeconds(shape, short) * 1000 > budgetMs) return {};
  const runs: MeasuredRun[] = [];
  const pointSoFar = () => (runs.length === 0 ? {} : { point: measuredPoint(contextLength, shape, runs) });
  const begin = clock.monotonicMs();
  const { promptTokens } = shape;
  try {
    // Another run is begun only if it should end in time, to judge by those before it.
    for (let spent = 0; runs.length < FULL_CONTEXT_RUNS; spent = clock.monotonicMs() - begin) {
      if (runs.length > 0 && spent + spent / runs.length > budgetMs) break;
      onProgress?.({
        phase: 'run',
        index: runs.length + 1,
        total: FULL_CONTEXT_RUNS,
        promptTokens,
        ...lastRate(runs),
      });
      runs.push(await series.run(shape, log));
    }
  } catch (error) {
    if (!(error instanceof FlexInferError) || error.code === 'CANCELLED') throw error;
    return { ...pointSoFar(), problem: error.message };
  }
  return pointSoFar();
}

function checkProtocol({ iterations, warmupIterations, maxMs }: MeasureOptions): void {
  if (!Number.isInteger(iterations) || iterations < 1) throw new RangeError(`${iterations} iterations measure nothing`);
  if (!Number.isInteger(warmupIterations) || warmupIterations < 0) {
    throw new RangeError(`${warmupIterations} is no number of warm-ups`);
  }
  if (!(maxMs >= 0)) throw new RangeError(`${maxMs} ms is no limit of time`);
}

function lastRate(runs: readonly MeasuredRun[]): { readonly tokensPerSecond?: number } {
  const last = runs.at(-1);
  return last === undefined ? {} : { tokensPerSecond: last.tokensPerSecond };
}
