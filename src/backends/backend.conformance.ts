import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, EngineInput, EngineInstall, RunningEngine } from './engine.ts';
import { readEvents } from './event-stream.ts';
import { freePort } from './free-port.ts';
import { isJsonObject, type JsonObject, parseJson } from './json-value.ts';
import { startRecordingProxy } from './recording-proxy.conformance.ts';
import { startEngine } from './start-engine.ts';

/** What the suite is run against: an engine that is really installed, and a real model. */
export interface ConformanceSubject {
  readonly backend: Backend;
  readonly install: EngineInstall;
  readonly modelFile: string;
}

/** llama-server closes idle connections, and a request sent at that moment is lost: every request gets its own. */
const ONCE = { headers: { connection: 'close' } };

/** A name with everything a shell would stumble over. */
const ALIAS = `a b $(touch x) \`id\` '"; | & < > * ? ~ \\ ü`;
const CONTEXT = 512;
const PATIENCE = { timeout: 60_000, interval: 50 };

/** What every backend must do, on the real thing. @param subject asked once, before the first test */
export function describeBackend(name: string, subject: () => Promise<ConformanceSubject>): void {
  describe(`${name} as a backend`, () => {
    let it_: ConformanceSubject;
    let engine: RunningEngine;
    let folder: string;

    beforeAll(async () => {
      it_ = await subject();
      folder = await mkdtemp(join(tmpdir(), 'flexinfer-conformance-'));
      engine = await start(it_);
    });
    afterAll(async () => {
      await engine?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const url = (path: string): string => `http://127.0.0.1:${engine.port}${path}`;
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(url(path), { ...ONCE, method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

    it('knows its version', () => {
      expect(it_.install.version).toMatch(/\d/);
    });

    it('is loading until the model is in memory, then ready, and gone after the stop', async () => {
      const port = await freePort();
      const client = it_.backend.connect(port);
      const states = [await client.health(soon())];

      const starting = start(it_, { port });
      const started = new AbortController();
      void starting.finally(() => started.abort());
      while (!started.signal.aborted) {
        states.push(await client.health(soon()));
      }
      const other = await starting;
      states.push(await client.health(soon()));
      await other.stop();
      const after = await client.health(soon());
      await client.close();

      const firstReady = states.indexOf('ready');
      expect(states.slice(0, firstReady)).toEqual(Array.from({ length: firstReady }, () => 'loading'));
      expect(new Set(states.slice(firstReady))).toEqual(new Set(['ready']));
      expect(after).not.toBe('ready');
    });

    it('generates exactly as many tokens as asked, past the end of the text, and tells when each came', async () => {
      const generation = await generate(engine, { seed: 1 });

      expect(generation).toMatchObject({ promptTokens: 128, outputTokens: 128, cachedTokens: 0, finish: 'length' });
      const { firstTokenMs, lastTokenMs, endMs } = generation.client;
      expect(firstTokenMs).toBeGreaterThan(0);
      expect(lastTokenMs).toBeGreaterThan(firstTokenMs);
      expect(endMs).toBeGreaterThanOrEqual(lastTokenMs);
    });

    it('has timers that agree with the clock of the client', async () => {
      const { client, server } = await generate(engine, { seed: 2 });

      expect(server?.decodeIntervals).toBe(127);
      expect(server?.prefillMs).toBeLessThanOrEqual(client.firstTokenMs);
      const ratio = (server?.decodeMs ?? 0) / (client.lastTokenMs - client.firstTokenMs);
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.25);
    });

    it('sends the same prompt for the same seed, another for another, and never meets its cache', async () => {
      const proxy = await startRecordingProxy(engine.port);
      const client = it_.backend.connect(proxy.port);

      const cached: (number | undefined)[] = [];
      for (const seed of [5, 5, 6]) {
        const request = { seed, promptTokens: 64, outputTokens: 4, signal: soon() };
        cached.push((await client.generate(request)).cachedTokens);
      }
      await client.close();
      proxy.close();

      const prompts = proxy.requests.map(({ body }) => promptOf(body)).filter((prompt) => prompt !== undefined);
      expect(prompts).toHaveLength(3);
      expect(prompts[1]).toEqual(prompts[0]);
      expect(prompts[2]?.[0]).not.toBe(prompts[0]?.[0]);
      expect(cached).toEqual([0, 0, 0]);
    });

    it('answers the same to the same seed, and something else to another', async () => {
      const answer = async (seed: number): Promise<unknown> => {
        const body = { prompt: 'Once upon a time', max_tokens: 32, temperature: 1.5, seed, cache_prompt: false };
        return field(await (await post('/v1/completions', body)).json(), 'choices', 0, 'text');
      };

      const [first, again, other] = [await answer(1), await answer(1), await answer(2)];

      expect(first).toEqual(expect.stringMatching(/\S/));
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    });

    it('counts the same in the stream, in the usage and in its counters', async () => {
      const before = await engine.client.counters(soon());

      const generation = await generate(engine, { seed: 3, outputTokens: 40 });
      const body = { prompt: 'Once upon a time', max_tokens: 24, ignore_eos: true };
      const usage = field(await (await post('/v1/completions', body)).json(), 'usage');

      expect(generation.outputTokens).toBe(40);
      expect(usage).toMatchObject({ completion_tokens: 24 });
      await expect
        .poll(async () => (await engine.client.counters(soon()))?.generatedTokens, PATIENCE)
        .toBe((before?.generatedTokens ?? Number.NaN) + 64);
    });

    it('stops generating when the client goes away', async () => {
      const controller = new AbortController();
      const request = { seed: 4, promptTokens: 16, outputTokens: 480, signal: controller.signal };
      const before = (await engine.client.counters(soon()))?.generatedTokens ?? Number.NaN;

      const generating = engine.client.generate(request);
      await expect.poll(() => inFlight(engine), PATIENCE).toBe(1);
      controller.abort(new Error('enough'));

      await expect(generating).rejects.toThrow('enough');
      await expect.poll(() => inFlight(engine), PATIENCE).toBe(0);
      const after = (await engine.client.counters(soon()))?.generatedTokens ?? Number.NaN;
      expect(after - before).toBeLessThan(480);
    });

    it('serves the sequences it was started with at once, and one more after them', async () => {
      const requests = [7, 8, 9].map((seed) => generate(engine, { seed, promptTokens: 16, outputTokens: 64 }));
      await expect.poll(() => inFlight(engine), PATIENCE).toBe(2);

      const generations = await Promise.all(requests);

      expect(generations.map(({ outputTokens, finish }) => [outputTokens, finish])).toEqual(
        Array.from({ length: 3 }, () => [64, 'length']),
      );
    });

    it('chats, in one piece and in a stream, with the same words and counts', async () => {
      const body = {
        model: ALIAS,
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        max_tokens: 24,
        temperature: 0,
        cache_prompt: false,
      };

      const whole: unknown = await (await post('/v1/chat/completions', body)).json();
      const streamed = await post('/v1/chat/completions', {
        ...body,
        stream: true,
        stream_options: { include_usage: true },
      });
      const chunks = await eventsOf(streamed);

      const text = field(whole, 'choices', 0, 'message', 'content');
      const pieces = chunks.map((chunk) => field(chunk, 'choices', 0, 'delta', 'content'));
      expect(text).toEqual(expect.stringMatching(/\S/));
      expect(pieces.filter((piece) => typeof piece === 'string').join('')).toBe(text);
      expect(field(chunks.at(-1), 'usage', 'completion_tokens')).toBe(field(whole, 'usage', 'completion_tokens'));
      expect(field(chunks.at(-1), 'usage', 'prompt_tokens')).toBe(field(whole, 'usage', 'prompt_tokens'));
      expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    });

    it('is found under the name it was given, whatever a shell would make of it', async () => {
      const models: unknown = await (await fetch(url('/v1/models'), ONCE)).json();

      expect(field(models, 'data', 0, 'id')).toBe(ALIAS);
    });

    it.each<[string, number, () => Promise<Response>]>([
      ['an unknown path', 404, () => fetch(url('/v1/nothing'), ONCE)],
      ['broken JSON', 400, () => post('/v1/chat/completions', '{"messages": [')],
      ['a chat without messages', 400, () => post('/v1/chat/completions', { model: ALIAS })],
      [
        'a prompt longer than the context',
        400,
        () => post('/v1/completions', { prompt: 'word '.repeat(2 * CONTEXT), max_tokens: 1 }),
      ],
    ])('answers %s with status %i and an error object', async (_, status, ask) => {
      const answer = await ask();

      expect(answer.status).toBe(status);
      expect(field(await answer.json(), 'error', 'message')).toEqual(expect.stringMatching(/\S/));
    });

    it('ends within the grace when told to, also while it generates', async () => {
      const other = await start(it_);
      const request = { seed: 1, promptTokens: 16, outputTokens: 400 };
      const ending = generate(other, request).catch((error: unknown) => error);
      await expect.poll(() => inFlight(other), PATIENCE).toBe(1);

      await other.stop(30_000);

      expect(await ending).toMatchObject({ code: 'ENGINE_FAILED' });
      expect((await other.exited).signal).not.toBe('SIGKILL');
    });

    it('says what is wrong with a model file that is cut off, or none at all', async () => {
      const cut = join(folder, 'cut.gguf');
      const junk = join(folder, 'junk.gguf');
      await writeFile(cut, createReadStream(it_.modelFile, { end: Math.floor((await sizeOf(it_)) / 2) }));
      await writeFile(junk, createHash('sha512').update('junk').digest());

      for (const modelFile of [cut, junk, join(folder, 'absent.gguf')]) {
        await expect(start(it_, { modelFile })).rejects.toMatchObject({
          code: 'ENGINE_FAILED',
          message: expect.stringMatching(/corrupt|incomplete|magic|invalid|No such file|no such file|ENOENT/),
        });
      }
    });

    it('keeps ports, names and places out of the arguments that go into records', async () => {
      const port = await freePort();

      const plan = it_.backend.plan(await inputOf(it_, { port }), it_.install);

      const recorded = plan.recordedArgs.join(' ');
      expect([String(port), it_.modelFile, ALIAS].filter((each) => recorded.includes(each))).toEqual([]);
      expect(plan.args).toEqual(expect.arrayContaining([...plan.recordedArgs]));
    });
  });
}

async function inputOf(subject: ConformanceSubject, difference: Partial<EngineInput>): Promise<EngineInput> {
  return {
    modelFile: subject.modelFile,
    modelSizeBytes: await sizeOf(subject),
    alias: ALIAS,
    contextLength: CONTEXT,
    parallel: 2,
    threads: 1,
    gpus: [],
    kvCacheType: 'auto',
    args: [],
    env: [],
    port: await freePort(),
    ...difference,
  };
}

async function start(subject: ConformanceSubject, difference: Partial<EngineInput> = {}): Promise<RunningEngine> {
  const plan = subject.backend.plan(await inputOf(subject, difference), subject.install);
  return startEngine(subject.backend, plan, { signal: AbortSignal.timeout(120_000) });
}

function generate(
  engine: RunningEngine,
  request: { seed: number; promptTokens?: number; outputTokens?: number },
): ReturnType<RunningEngine['client']['generate']> {
  return engine.client.generate({ promptTokens: 128, outputTokens: 128, signal: soon(), ...request });
}

async function inFlight(engine: RunningEngine): Promise<number | undefined> {
  return (await engine.client.counters(soon()))?.requestsInFlight;
}

function soon(): AbortSignal {
  return AbortSignal.timeout(120_000);
}

async function sizeOf(subject: ConformanceSubject): Promise<number> {
  return (await stat(subject.modelFile)).size;
}

/** The JSON objects of a stream that ends as OpenAI's do. */
async function eventsOf(answer: Response): Promise<JsonObject[]> {
  const values: string[] = [];
  for await (const event of readEvents(answer.body ?? new ReadableStream<Uint8Array>())) {
    values.push(event.value);
  }
  expect(values.at(-1)).toBe('[DONE]');
  return values.slice(0, -1).map(parseJson).filter(isJsonObject);
}

/** The prompt in a request body, as a list of tokens or characters; `undefined` when there is none. */
function promptOf(body: string): readonly unknown[] | undefined {
  const prompt = field(parseJson(body), 'prompt');
  return typeof prompt === 'string' ? [prompt] : Array.isArray(prompt) ? prompt : undefined;
}

function field(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => {
    if (typeof key === 'number') {
      return Array.isArray(at) ? at[key] : undefined;
    }
    return isJsonObject(at) ? at[key] : undefined;
  }, value);
}
