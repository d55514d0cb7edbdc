import { describe, expect, it } from 'vitest';
import { readCompletion } from '../../src/backends/completion-stream.ts';
import type { EngineClient, RunningEngine } from '../../src/backends/engine.ts';
import { DeviceLog } from '../../src/measure/device-log.ts';
import { type MeasureProgress, measureEngine } from '../../src/measure/measure-engine.ts';
import { RunSeries } from '../../src/measure/run-series.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { obtain } from '../backends/obtain.ts';
import { startServer } from './server.ts';

/** What a real engine does at the edges of the protocol. */

const signal = AbortSignal.timeout(600_000);
const protocol = { parallel: 1, warmupIterations: 0, iterations: 3, maxMs: 600_000, clock: systemClock, signal };
const first = await obtain('llama-server with a model', () => startServer({ signal }));
await first?.stop();

describe.skipIf(first === undefined)('a real engine', () => {
  it('that keeps its prompts is found out and not believed', async () => {
    await withServer({}, async ({ port }) => {
      const measuring = measureEngine({ ...protocol, client: cachingClient(port), contextLength: 512, seed: 1 });

      await expect(measuring).rejects.toMatchObject({
        code: 'BENCHMARK_FAILED',
        message: expect.stringMatching(/^no valid run: \d+ prompt tokens came from a cache$/),
      });
    });
  });

  it('that dies in the third run ends the measurement with its failure', async () => {
    await withServer({}, async ({ client, pid }) => {
      const measuring = measureEngine({
        ...protocol,
        client,
        contextLength: 512,
        seed: 2,
        onProgress: ({ index }) => {
          if (index === 3) process.kill(pid, 'SIGKILL');
        },
      });

      await expect(measuring).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    });
  });

  it('has room for prompt and answer in the smallest context there is', async () => {
    await withServer({ contextLength: 256 }, async ({ client }) => {
      const { point } = await measureEngine({ ...protocol, client, contextLength: 256, seed: 3 });

      expect(point.runs.map((run) => run.outputTokens).every((tokens) => tokens >= 128 && tokens <= 131)).toBe(true);
      expect(point.flags).not.toContain('short');
    });
  });

  it('answers several sequences at once, and is given the rate of all of them together', async () => {
    await withServer({ parallel: 2 }, async ({ client }) => {
      const series = new RunSeries({ client, backend: 'llamacpp', seed: 5, signal });
      const log = new DeviceLog({ sampleDevices: undefined, clock: systemClock, signal });

      const run = await series.run({ promptTokens: 128, outputTokens: 128, parallel: 2 }, log);

      expect(run).toMatchObject({ timing: 'client', promptTokens: 128 });
      expect(run.outputTokens).toBeGreaterThanOrEqual(128);
      expect(run.tokensPerSecond).toBeGreaterThan(0);
    });
  });

  it('is measured at full context as well', { timeout: 600_000 }, async () => {
    await withServer({ contextLength: 4096 }, async ({ client }) => {
      // One such run is slow enough: the clock leaps over the rest of the budget as soon as it has begun.
      let leapMs = 0;
      const seen: MeasureProgress[] = [];
      const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + leapMs };

      const { point, fullContext, fullContextProblem } = await measureEngine({
        ...protocol,
        clock,
        client,
        contextLength: 4096,
        iterations: 1,
        maxMs: 1e9,
        fullContextMs: 1e8,
        seed: 4,
        onProgress: (progress) => {
          seen.push(progress);
          if (progress.promptTokens > 128) leapMs = 1e8;
        },
      });

      expect(fullContextProblem).toBeUndefined();
      expect(fullContext).toMatchObject({ contextLength: 4096, parallel: 1, promptTokens: 3960, outputTokens: 128 });
      expect(fullContext?.runs).toHaveLength(1);
      expect(fullContext?.runs[0]?.timing).toBe('server');
      expect(fullContext?.timeToFirstTokenSeconds).toBeGreaterThan(point.timeToFirstTokenSeconds ?? Infinity);
      expect(seen.at(-1)?.promptTokens).toBe(3960);
    });
  });
});

async function withServer(
  options: Omit<Parameters<typeof startServer>[0], 'signal'>,
  use: (engine: RunningEngine) => Promise<void>,
): Promise<void> {
  const engine = await startServer({ ...options, signal });
  try {
    await use(engine);
  } finally {
    await engine.stop();
  }
}

/** Asks as a chat program would: the same beginning every time, and the server may keep it. */
function cachingClient(port: number): Pick<EngineClient, 'generate'> {
  return {
    async generate({ outputTokens, signal }) {
      const sentMs = performance.now();
      const response = await fetch(`http://127.0.0.1:${port}/completion`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          prompt: 'Once upon a time there was a computer that remembered everything it had ever been told. '.repeat(5),
          n_predict: outputTokens,
          ignore_eos: true,
          cache_prompt: true,
          temperature: 0,
          stream: true,
        }),
        signal,
      });
      if (response.body === null) throw new Error('the server sent no body');
      return readCompletion(response.body, () => performance.now(), sentMs);
    },
  };
}
