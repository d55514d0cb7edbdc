import { describe, expect, it } from 'vitest';
import { FlexInferError } from '../api/errors.ts';
import { benchmarkRecordSchema, measuredRecordSchema } from '../api/record.ts';
import type { GenerateRequest, Generation } from '../backends/engine.ts';
import { assembleFailure, assembleRecord } from './assemble-record.ts';
import type { DeviceSample } from './device-watch.ts';
import { type MeasureOptions, type MeasureProgress, measureEngine } from './measure-engine.ts';

/** An engine that answers with the given rates and moves a clock of its own. A fake: it proves the driver, no engine. */
class ScriptedEngine {
  readonly seeds: number[] = [];
  readonly promptTokens: number[] = [];
  nowMs = 0;
  readonly #script: (call: number) => Partial<Generation> & { readonly rate?: number };

  constructor(script: (call: number) => Partial<Generation> & { readonly rate?: number }) {
    this.#script = script;
  }

  generate(request: GenerateRequest): Promise<Generation> {
    request.signal.throwIfAborted();
    const { rate = 50, ...change } = this.#script(this.seeds.length);
    this.seeds.push(request.seed);
    this.promptTokens.push(request.promptTokens);
    const decodeMs = (127 / rate) * 1000;
    this.nowMs += decodeMs + 110;
    return Promise.resolve({
      promptTokens: 128,
      outputTokens: 128,
      cachedTokens: 0,
      finish: 'length',
      client: { firstTokenMs: 100, lastTokenMs: 100 + decodeMs, endMs: 110 + decodeMs },
      server: { prefillMs: 90, decodeMs, decodeIntervals: 127 },
      ...change,
    });
  }
}

const measure = (engine: ScriptedEngine, change: Partial<MeasureOptions> = {}) =>
  measureEngine({
    client: engine,
    contextLength: 4096,
    parallel: 1,
    warmupIterations: 2,
    iterations: 5,
    maxMs: 300_000,
    seed: 1000,
    clock: { monotonicMs: () => engine.nowMs, wallMs: () => 0 },
    signal: new AbortController().signal,
    ...change,
  });

describe('measureEngine', () => {
  it('warms up, then measures five runs, each with a prompt of its own', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: call < 2 ? 10 : 50 }));
    const progress: MeasureProgress[] = [];

    const { point } = await measure(engine, { onProgress: (event) => progress.push(event) });

    expect(point).toMatchObject({ median: 50, min: 50, max: 50, mad: 0, flags: [] });
    expect(point.runs).toHaveLength(5);
    expect(new Set(engine.seeds).size).toBe(7);
    expect(progress.map(({ phase, index }) => `${phase} ${index}`)).toEqual([
      'warm-up 1',
      'warm-up 2',
      'run 1',
      'run 2',
      'run 3',
      'run 4',
      'run 5',
    ]);
  });

  it('stops at the time limit between two runs, and says that the number is of low confidence', async () => {
    const engine = new ScriptedEngine(() => ({ rate: 50 }));

    const { point } = await measure(engine, { maxMs: 3000, warmupIterations: 0 });

    expect(point.runs).toHaveLength(2);
    expect(point.flags).toEqual(['lowConfidence']);
  });

  it.each([
    ['one iteration', { iterations: 1 }],
    ['a limit that is over in the first run', { maxMs: 1 }],
    ['no time at all', { maxMs: 0 }],
  ])('finishes the run it has begun and never leaves out the first: %s', async (_, change) => {
    const { point } = await measure(new ScriptedEngine(() => ({ rate: 50 })), { ...change, warmupIterations: 0 });

    expect(point.runs).toHaveLength(1);
    expect(point.flags).toEqual(['lowConfidence']);
  });

  it.each([
    ['no iteration', { iterations: 0 }],
    ['a negative number of iterations', { iterations: -5 }],
    ['half an iteration', { iterations: 2.5 }],
    ['a negative number of warm-ups', { warmupIterations: -1 }],
    ['a limit that is no number', { maxMs: Number.NaN }],
  ])('refuses %s before it asks the engine for anything', async (_, change) => {
    const engine = new ScriptedEngine(() => ({}));

    await expect(measure(engine, change)).rejects.toThrow(RangeError);
    expect(engine.seeds).toEqual([]);
  });

  it('goes by the monotonic clock, wherever the wall clock jumps', async () => {
    const engine = new ScriptedEngine(() => ({ rate: 50 }));
    let wall = 1e12;
    const clock = { monotonicMs: () => engine.nowMs, wallMs: () => (wall -= 3_600_000) };

    const { point } = await measure(engine, { clock });

    expect(point.runs).toHaveLength(5);
  });

  it('measures one more batch when the rates scatter, and says so when they still do', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: 40 + 10 * (call % 3) }));

    const { point } = await measure(engine);

    expect(point.runs).toHaveLength(10);
    expect(point.flags).toContain('unstable');
  });

  it('believes a series that settles in the second batch', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: [60, 40, 60, 40, 52][call] ?? 50 }));

    const { point } = await measure(engine, { warmupIterations: 0 });

    expect(point.runs).toHaveLength(10);
    expect(point.flags).toEqual([]);
  });

  it('tries a short answer again with other prompts, and takes it marked after three', async () => {
    const short = {
      outputTokens: 100,
      finish: 'stop',
      server: { prefillMs: 90, decodeMs: 1980, decodeIntervals: 99 },
    } as const;
    const engine = new ScriptedEngine((call) => (call < 4 ? short : {}));

    const { point } = await measure(engine, { warmupIterations: 0, iterations: 2 });

    expect(point.runs.map((run) => run.outputTokens)).toEqual([100, 128]);
    expect(point.flags).toContain('short');
  });

  it('refuses a number that a prompt cache made', async () => {
    const engine = new ScriptedEngine(() => ({ cachedTokens: 127 }));

    await expect(measure(engine)).rejects.toMatchObject({
      code: 'BENCHMARK_FAILED',
      message: 'no valid run: 127 prompt tokens came from a cache',
    });
  });

  it('does not begin the second batch when the time is over', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: 40 + 10 * (call % 3) }));

    const { point } = await measure(engine, { maxMs: 12_500, warmupIterations: 0 });

    expect(point.runs).toHaveLength(5);
    expect(point.flags).toEqual(['unstable']);
  });

  it('fails after three more tries when every answer is too short, and says how short', async () => {
    const engine = new ScriptedEngine(() => ({ outputTokens: 12, finish: 'stop', server: undefined }));

    await expect(measure(engine, { warmupIterations: 0 })).rejects.toMatchObject({
      code: 'BENCHMARK_FAILED',
      message: 'no valid run: the answer ended (stop) after 12 of 128 tokens',
    });
    expect(engine.seeds).toHaveLength(4);
  });

  it('holds an engine that counts exactly to exactly 128 tokens', async () => {
    const engine = new ScriptedEngine(() => ({ outputTokens: 130, server: undefined }));

    await expect(measure(engine, { backend: 'vllm' })).rejects.toMatchObject({ code: 'BENCHMARK_FAILED' });
    expect((await measure(engine, { backend: 'llamacpp' })).point.runs[0]?.outputTokens).toBe(130);
  });

  it('passes on the failure of an engine that dies in a run', async () => {
    const engine = new ScriptedEngine((call) => {
      if (call === 4) throw new Error('connection reset');
      return {};
    });

    await expect(measure(engine)).rejects.toThrow('connection reset');
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const engine = new ScriptedEngine((call) => {
      if (call === 3) controller.abort();
      return {};
    });

    await expect(measure(engine, { signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(engine.seeds).toHaveLength(4);
  });

  it('marks runs on a throttled or shared device and keeps the peak of its memory', async () => {
    const samples: DeviceSample[] = [
      { memoryUsedMiB: 900, powerWatts: 100, throttled: false, contended: false },
      { memoryUsedMiB: 1200.5, powerWatts: undefined, throttled: true, contended: false },
      { memoryUsedMiB: undefined, powerWatts: undefined, throttled: false, contended: true },
    ];
    let index = 0;
    const sampleDevices = () => Promise.resolve(samples[index++ % samples.length] as DeviceSample);

    const { point, peakDeviceMemoryMiB } = await measure(new ScriptedEngine(() => ({})), { sampleDevices });

    expect(peakDeviceMemoryMiB).toBe(1201);
    expect(point.flags.toSorted()).toEqual(['contended', 'throttled']);
  });
});

describe('the point at full context', () => {
  const withTime = { fullContextMs: 60_000 };

  it('is left out unless there is time for it', async () => {
    expect((await measure(new ScriptedEngine(() => ({})))).fullContext).toBeUndefined();
    expect((await measure(new ScriptedEngine(() => ({})), { fullContextMs: 1000 })).fullContext).toBeUndefined();
    expect(
      (await measure(new ScriptedEngine(() => ({})), { ...withTime, contextLength: 2048 })).fullContext,
    ).toBeUndefined();
    expect((await measure(new ScriptedEngine(() => ({})), { ...withTime, maxMs: 15_000 })).fullContext).toBeUndefined();
  });

  it('stands beside the headline and never in it', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: call < 7 ? 50 : 25 }));
    const progress: MeasureProgress[] = [];

    const { point, fullContext } = await measure(engine, { ...withTime, onProgress: (event) => progress.push(event) });

    expect(point).toMatchObject({ median: 50, promptTokens: 128 });
    expect(fullContext).toMatchObject({ median: 25, promptTokens: 4096 - 128 - 8, outputTokens: 128, parallel: 1 });
    expect(fullContext?.runs).toHaveLength(3);
    expect(engine.promptTokens).toEqual([...Array<number>(7).fill(128), 3960, 3960, 3960]);
    expect(progress.at(-1)).toMatchObject({ phase: 'run', index: 3, total: 3, promptTokens: 3960 });
  });

  it('has fewer runs when they take longer than was expected', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: call < 7 ? 50 : 3 }));

    const { fullContext } = await measure(engine, withTime);

    expect(fullContext?.runs).toHaveLength(1);
    expect(fullContext?.flags).toContain('lowConfidence');
  });

  it('is asked for all sequences at once, and counts what they make together', async () => {
    const engine = new ScriptedEngine(() => ({}));

    const { point, fullContext } = await measure(engine, { ...withTime, parallel: 4, fullContextMs: 200_000 });

    expect(point.parallel).toBe(1);
    expect(fullContext).toMatchObject({ parallel: 4, median: 200 });
    expect(fullContext?.runs[0]).toMatchObject({ timing: 'client', outputTokens: 128 });
    expect(new Set(engine.seeds).size).toBe(7 + 4 * 3);
  });

  it('does not spoil the headline when the engine cannot do it', async () => {
    const engine = new ScriptedEngine((call) => {
      if (call > 6) throw new FlexInferError('ENGINE_FAILED', 'the engine answered 400');
      return {};
    });

    const { point, fullContext, fullContextProblem } = await measure(engine, withTime);

    expect(point.median).toBe(50);
    expect(fullContext).toBeUndefined();
    expect(fullContextProblem).toBe('the engine answered 400');
  });

  it('is given up with everything else when the caller aborts', async () => {
    const controller = new AbortController();
    const engine = new ScriptedEngine((call) => {
      if (call === 7) controller.abort();
      return {};
    });

    await expect(measure(engine, { ...withTime, signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });
});

describe('the record', () => {
  const context = {
    subject: {
      contentHash: 'a'.repeat(64),
      backend: 'llamacpp',
      args: [],
      contextLength: 4096,
      parallel: 1,
      kvCacheType: 'auto',
      gpus: 1,
      protocol: 'v1',
    },
    modelHash: 'b'.repeat(32),
    model: { name: 'm', source: 'file:///m.gguf' },
    deviceClass: 'cpu.epyc.v3.8c' as never,
    node: 'n',
    devices: [],
    driver: undefined,
    startedAtMs: 0,
    finishedAtMs: 60_000,
  };

  const engineFacts = {
    name: 'llamacpp',
    version: 'b1',
    arguments: ['-c', '4096'],
    threads: 1,
    startSeconds: 0.5,
    pullSeconds: undefined,
  };

  it('of a measurement is complete and reads back from JSON', async () => {
    const measured = await measure(new ScriptedEngine(() => ({})));

    const record = assembleRecord(context, engineFacts, measured);

    expect(measuredRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toMatchObject({
      outcome: 'measured',
      points: [{ median: 50, promptTokens: 128, outputTokens: 128, timeToFirstTokenSeconds: 0.1 }],
      load: { startSeconds: 0.5, firstTokenSeconds: 0.1, pageCache: 'unknown' },
      startedAt: '1970-01-01T00:00:00.000Z',
    });
  });

  it('has both points, and the flags of the headline', async () => {
    const engine = new ScriptedEngine((call) => ({ rate: call < 7 ? 50 : 3 }));
    const measured = await measure(engine, { fullContextMs: 60_000 });

    const record = assembleRecord(context, { ...engineFacts, imageDigest: 'sha256:1' }, measured);

    expect(record.points.map(({ promptTokens, median }) => [promptTokens, median])).toEqual([
      [128, 50],
      [3960, 3],
    ]);
    expect(record.flags).toEqual([]);
    expect(record.engine.imageDigest).toBe('sha256:1');
  });

  it('of a failure may say when to try again', () => {
    const record = assembleFailure(context, 'BENCHMARK_FAILED', 'no valid run', 60_000);

    expect(record.retryAfter).toBe('1970-01-01T00:01:00.000Z');
    expect(benchmarkRecordSchema.safeParse(record).success).toBe(true);
  });

  it('of a failure says why', () => {
    expect(assembleFailure(context, 'ENGINE_FAILED', 'x'.repeat(5000))).toMatchObject({
      outcome: 'failed',
      reason: 'ENGINE_FAILED',
      message: 'x'.repeat(1024),
    });
  });
});
