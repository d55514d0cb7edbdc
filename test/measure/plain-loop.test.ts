import { afterAll, describe, expect, it } from 'vitest';
import { SMALL_MODEL } from '../../scripts/engines/small-model.ts';
import { measuredRecordSchema } from '../../src/api/record.ts';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { median } from '../../src/benchmark/statistics.ts';
import { assembleRecord } from '../../src/measure/assemble-record.ts';
import { measureEngine } from '../../src/measure/measure-engine.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { obtain } from '../backends/obtain.ts';
import { startServer } from './server.ts';

/**
 * The number that FlexInfer prints against a loop that knows nothing of FlexInfer: it asks the same server for 128 tokens
 * and divides the gaps by the time between the first and the last, as anybody would with a watch.
 */

const signal = AbortSignal.timeout(280_000);
const engine = await obtain('llama-server with a model', () => startServer({ signal }));
afterAll(() => engine?.stop());

const protocol = { contextLength: 512, parallel: 1, warmupIterations: 0, maxMs: 60_000, clock: systemClock, signal };

describe.skipIf(engine === undefined)('the measured speed', () => {
  const { client, port } = engine ?? ({} as RunningEngine);

  it('is within ten percent of a plain loop against the same engine, the two in turn', async () => {
    const ours: number[] = [];
    const plain: number[] = [];
    await plainRate(port, 0);
    for (let round = 1; round <= 5; round += 1) {
      const { point } = await measureEngine({ ...protocol, client, iterations: 1, seed: round * 1000 });
      ours.push(point.median);
      plain.push(await plainRate(port, round));
    }

    const ratio = median(ours) / median(plain);

    console.log(
      `measured ${median(ours).toFixed(1)}, plain loop ${median(plain).toFixed(1)} tokens/s, ratio ${ratio.toFixed(3)}`,
    );
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('comes with a record that is complete', async () => {
    const measured = await measureEngine({ ...protocol, client, warmupIterations: 1, iterations: 3, seed: 77 });

    const record = assembleRecord(
      {
        subject: {
          contentHash: SMALL_MODEL.sha256,
          backend: 'llamacpp',
          args: [],
          contextLength: 512,
          parallel: 1,
          kvCacheType: 'auto',
          gpus: 1,
          protocol: 'v1',
        },
        modelHash: 'b'.repeat(32),
        model: { name: 'm', source: 'file:///m.gguf' },
        deviceClass: 'cpu.test.v3.2c' as never,
        node: 'here',
        devices: [],
        driver: undefined,
        startedAtMs: 0,
        finishedAtMs: 1,
      },
      { name: 'llamacpp', version: 'b1', arguments: [], threads: 1, startSeconds: 1, pullSeconds: undefined },
      measured,
    );

    expect(measuredRecordSchema.safeParse(record).success).toBe(true);
    const [point] = record.points;
    expect(
      point?.runs.every((run) => run.timing === 'server' && run.outputTokens >= 128 && run.outputTokens <= 131),
    ).toBe(true);
    expect(point?.prefillTokensPerSecond).toBeGreaterThan(0);
    expect(point?.timeToFirstTokenSeconds).toBeGreaterThan(0);
  });

  it('is given up at once when the caller aborts, and the engine goes idle', async () => {
    const controller = new AbortController();
    const measuring = measureEngine({
      ...protocol,
      client,
      iterations: 50,
      seed: 99,
      signal: controller.signal,
      onProgress: ({ index }) => {
        if (index === 2) controller.abort();
      },
    });

    await expect(measuring).rejects.toMatchObject({ code: 'CANCELLED' });

    await expect.poll(async () => (await client.counters(signal))?.requestsInFlight, { timeout: 30_000 }).toBe(0);
  });
});

/** Tokens per second of one answer, timed by the arrival of its events. */
async function plainRate(port: number, round: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/completion`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      prompt: `${round} is the number of this story. Once upon a time `.repeat(9),
      n_predict: 128,
      ignore_eos: true,
      cache_prompt: false,
      temperature: 0,
      stream: true,
    }),
  });
  const arrivals: number[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) if (event.includes('"stop":false')) arrivals.push(performance.now());
  }
  return ((arrivals.length - 1) * 1000) / ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0));
}
