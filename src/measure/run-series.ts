import { FlexInferError } from '../api/errors.ts';
import type { MeasuredRun } from '../api/record.ts';
import type { EngineClient, Generation } from '../backends/engine.ts';
import { extraTokensOf, judgeRun } from '../benchmark/run-validity.ts';
import type { DeviceLog } from './device-log.ts';

/** How often a run is tried with another prompt before a short answer is accepted. */
const RETRIES = 3;
const RUN_TIMEOUT_MS = 600_000;

export interface SeriesOptions {
  readonly client: Pick<EngineClient, 'generate'>;
  readonly backend: string;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** What every run of a point asks for. */
export interface RunShape {
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** Answers under way at once. */
  readonly parallel: number;
}

/** The generations of one measurement, each with a prompt of its own. */
export class RunSeries {
  readonly #options: SeriesOptions;
  #prompts = 0;

  constructor(options: SeriesOptions) {
    this.#options = options;
  }

  /**
   * One valid run. With several answers at once its rate is that of all of them together: their gaps over the time from
   * the first token of the first to the last token of the last, so the reading of a late prompt counts against it.
   *
   * @param log watches the devices meanwhile
   * @throws FlexInferError BENCHMARK_FAILED when no try was valid, CANCELLED
   */
  async run(shape: RunShape, log: DeviceLog): Promise<MeasuredRun> {
    for (let attempt = 0; ; attempt += 1) {
      const { value: generations, flags } = await log.during(() => this.#generate(shape));
      const judged = generations.map((generation) =>
        judgeRun(generation, {
          ...shape,
          extraTokens: extraTokensOf(this.#options.backend),
          acceptShort: attempt === RETRIES,
        }),
      );
      const refused = judged.find((each) => !each.valid);
      if (refused === undefined) {
        const run = together(
          judged.flatMap((each) => (each.valid ? [each.run] : [])),
          generations,
        );
        return { ...run, flags: [...new Set([...run.flags, ...flags])] };
      }
      if (!refused.retry || attempt === RETRIES) {
        throw new FlexInferError('BENCHMARK_FAILED', `no valid run: ${refused.reason}`);
      }
    }
  }

  async #generate({ promptTokens, outputTokens, parallel }: RunShape): Promise<readonly Generation[]> {
    const { client, signal, seed } = this.#options;
    const limit = AbortSignal.timeout(RUN_TIMEOUT_MS);
    // One that fails takes the others with it, so that nothing is left behind on the engine.
    const failed = new AbortController();
    const answers = Array.from({ length: parallel }, async () => {
      this.#prompts += 1;
      return await client.generate({
        seed: seed + this.#prompts,
        promptTokens,
        outputTokens,
        signal: AbortSignal.any([signal, limit, failed.signal]),
      });
    });
    try {
      return await Promise.all(answers);
    } catch (error) {
      failed.abort(error);
      await Promise.allSettled(answers);
      if (signal.aborted) throw cancelled(signal);
      if (!limit.aborted) throw error;
      throw new FlexInferError('BENCHMARK_FAILED', `a run took more than ${RUN_TIMEOUT_MS / 1000} s`, {
        cause: error,
        todo: 'see what else keeps the machine busy, or choose a smaller model',
      });
    }
  }
}

function together(runs: readonly MeasuredRun[], generations: readonly Generation[]): MeasuredRun {
  const [first, ...others] = runs;
  if (first === undefined) throw new RangeError('a run has at least one answer');
  if (others.length === 0) return first;
  const gaps = runs.reduce((sum, run) => sum + run.outputTokens - 1, 0);
  const begin = Math.min(...generations.map(({ client }) => client.firstTokenMs));
  const end = Math.max(...generations.map(({ client }) => client.lastTokenMs));
  const slowest = Math.max(...runs.map((run) => run.timeToFirstTokenSeconds ?? 0));
  return {
    tokensPerSecond:
      end > begin ? (gaps * 1000) / (end - begin) : runs.reduce((sum, run) => sum + run.tokensPerSecond, 0),
    promptTokens: Math.min(...runs.map((run) => run.promptTokens)),
    outputTokens: Math.min(...runs.map((run) => run.outputTokens)),
    ...(slowest > 0 ? { timeToFirstTokenSeconds: slowest } : {}),
    timing: 'client',
    flags: [...new Set(runs.flatMap((run) => run.flags))],
  };
}

function cancelled(signal: AbortSignal): unknown {
  const { reason }: { reason: unknown } = signal;
  return reason instanceof FlexInferError ? reason : new FlexInferError('CANCELLED', 'measuring was interrupted');
}
