import type { Clock } from '../api/clock.ts';
import { FlexInferError } from '../api/errors.ts';
import type { MeasuredPoint, MeasuredRun, RecordFlag } from '../api/record.ts';
import type { EngineClient } from '../backends/engine.ts';
import { judgeRun } from '../benchmark/run-validity.ts';
import { isEnough, isUnsettled } from '../benchmark/series.ts';
import { MIN_INTERVAL_SAMPLES, median, spread } from '../benchmark/statistics.ts';
import type { DeviceSample, SampleDevices } from './device-watch.ts';

/** Prompt and answer of protocol v1, in tokens. Source: PRODUCT.md §3, models-bench-kv §3.6. */
export const PROMPT_TOKENS = 128;
export const OUTPUT_TOKENS = 128;

/** How often a run is tried with another prompt before a short answer is accepted. */
const RETRIES = 3;
const RUN_TIMEOUT_MS = 600_000;

export interface MeasureOptions {
  readonly client: Pick<EngineClient, 'generate'>;
  readonly contextLength: number;
  readonly parallel: number;
  readonly warmupIterations: number;
  readonly iterations: number;
  /** Measured runs stop after this time, between two runs. */
  readonly maxMs: number;
  /** Decides the prompts. Another seed for every measurement, or a prefix cache may know them. */
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly sampleDevices?: SampleDevices;
  readonly onProgress?: (progress: MeasureProgress) => void;
}

export interface MeasureProgress {
  readonly phase: 'warm-up' | 'run';
  /** From 1. */
  readonly index: number;
  readonly total: number;
  readonly tokensPerSecond?: number;
}

export interface Measurement {
  readonly point: MeasuredPoint;
  readonly peakDeviceMemoryMiB: number | undefined;
  /** Time to the first token of the first generation after the engine was ready. */
  readonly firstTokenSeconds: number | undefined;
}

/**
 * Drives one engine through the short point of the protocol: warm-ups, then runs with a fresh prompt each until M runs or
 * N seconds, and one more batch when the rates scatter or fall.
 *
 * @throws FlexInferError BENCHMARK_FAILED when no valid run could be made, CANCELLED
 */
export async function measureEngine(options: MeasureOptions): Promise<Measurement> {
  const series = new Series(options);
  let firstTokenSeconds: number | undefined;
  for (let index = 1; index <= options.warmupIterations; index += 1) {
    options.onProgress?.({ phase: 'warm-up', index, total: options.warmupIterations });
    const run = await series.run();
    firstTokenSeconds ??= run.timeToFirstTokenSeconds;
  }

  const runs: MeasuredRun[] = [];
  const begin = options.clock.monotonicMs();
  const batch = async (iterations: number) => {
    const enough = () =>
      isEnough(runs.length, options.clock.monotonicMs() - begin, { iterations, maxMs: options.maxMs });
    while (!enough()) {
      options.onProgress?.({ phase: 'run', index: runs.length + 1, total: iterations, ...lastRate(runs) });
      runs.push(await series.run());
    }
  };
  await batch(options.iterations);
  if (isUnsettled(rates(runs))) await batch(2 * options.iterations);

  return {
    point: {
      contextLength: options.contextLength,
      parallel: options.parallel,
      promptTokens: PROMPT_TOKENS,
      outputTokens: OUTPUT_TOKENS,
      runs,
      ...spread(rates(runs)),
      ...optional(
        'prefillTokensPerSecond',
        runs.map((run) => run.prefillTokensPerSecond),
      ),
      ...optional(
        'timeToFirstTokenSeconds',
        runs.map((run) => run.timeToFirstTokenSeconds),
      ),
      flags: flagsOf(runs),
    },
    peakDeviceMemoryMiB: series.peakDeviceMemoryMiB,
    firstTokenSeconds,
  };
}

/** The generations of one measurement, each with another prompt. */
class Series {
  peakDeviceMemoryMiB: number | undefined;
  readonly #options: MeasureOptions;
  #prompts = 0;

  constructor(options: MeasureOptions) {
    this.#options = options;
  }

  async run(): Promise<MeasuredRun> {
    let reason = '';
    for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
      const before = await this.#sample();
      const generation = await this.#generate();
      const after = await this.#sample();
      const wanted = { promptTokens: PROMPT_TOKENS, outputTokens: OUTPUT_TOKENS, acceptShort: attempt === RETRIES };
      const judged = judgeRun(generation, wanted);
      if (judged.valid) return { ...judged.run, flags: [...judged.run.flags, ...deviceFlags(before, after)] };
      ({ reason } = judged);
      if (!judged.retry) break;
    }
    throw new FlexInferError('BENCHMARK_FAILED', `no valid run: ${reason}`);
  }

  async #generate() {
    const { client, signal, seed } = this.#options;
    this.#prompts += 1;
    const limit = AbortSignal.timeout(RUN_TIMEOUT_MS);
    try {
      return await client.generate({
        seed: seed + this.#prompts,
        promptTokens: PROMPT_TOKENS,
        outputTokens: OUTPUT_TOKENS,
        signal: AbortSignal.any([signal, limit]),
      });
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      if (limit.aborted) {
        throw new FlexInferError('BENCHMARK_FAILED', `a run took more than ${RUN_TIMEOUT_MS / 1000} s`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  async #sample(): Promise<DeviceSample | undefined> {
    const { sampleDevices, signal } = this.#options;
    if (sampleDevices === undefined) return undefined;
    const sample = await sampleDevices(signal);
    if (sample.memoryUsedMiB !== undefined) {
      this.peakDeviceMemoryMiB = Math.max(this.peakDeviceMemoryMiB ?? 0, Math.ceil(sample.memoryUsedMiB));
    }
    return sample;
  }
}

function cancelled(signal: AbortSignal): unknown {
  const { reason }: { reason: unknown } = signal;
  return reason instanceof FlexInferError ? reason : new FlexInferError('CANCELLED', 'measuring was interrupted');
}

function deviceFlags(...samples: readonly (DeviceSample | undefined)[]): RecordFlag[] {
  return [
    ...(samples.some((sample) => sample?.throttled === true) ? (['throttled'] as const) : []),
    ...(samples.some((sample) => sample?.contended === true) ? (['contended'] as const) : []),
  ];
}

/** What is true of any run is said of the point, and what only the series shows. */
function flagsOf(runs: readonly MeasuredRun[]): RecordFlag[] {
  const flags = new Set(runs.flatMap((run) => run.flags));
  if (isUnsettled(rates(runs))) flags.add('unstable');
  if (runs.length < MIN_INTERVAL_SAMPLES) flags.add('lowConfidence');
  return [...flags];
}

function rates(runs: readonly MeasuredRun[]): readonly number[] {
  return runs.map((run) => run.tokensPerSecond);
}

function lastRate(runs: readonly MeasuredRun[]): { readonly tokensPerSecond?: number } {
  const last = runs.at(-1);
  return last === undefined ? {} : { tokensPerSecond: last.tokensPerSecond };
}

/** The median of what is known, under its name; nothing when some run does not know. */
function optional<Name extends string>(
  name: Name,
  values: readonly (number | undefined)[],
): { readonly [K in Name]?: number } {
  const known = values.filter((value) => value !== undefined);
  return (known.length === values.length && known.length > 0 ? { [name]: median(known) } : {}) as {
    [K in Name]?: number;
  };
}
