import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { type Gate, startGate } from '../../src/gate/gate.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { ALIAS, haveEngine, startRealEngine } from './real-engine.ts';

const NAME = 'smollm2';

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never true: ${condition.toString()}`);
    await delay(20);
  }
}

describe.skipIf(!haveEngine)('a gate before a real llama-server', () => {
  let engine: RunningEngine;
  let gate: Gate;
  let metrics: MetricsRegistry;
  /** The total of the gate less the counter of the engine, whenever both rest: the gate came later. */
  let ahead: number;
  /** How often the gate has asked for the counter. */
  let asked = 0;

  beforeAll(async () => {
    engine = await startRealEngine();
    metrics = new MetricsRegistry();
    gate = await startGate({
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      metrics,
      sampleMs: 50,
      models: [
        {
          name: NAME,
          backend: 'llamacpp',
          engineOrigin: `http://127.0.0.1:${engine.port}`,
          engineModel: ALIAS,
          node: 'here',
          maxConcurrent: 2,
          counters: (signal) => {
            asked += 1;
            return engine.client.counters(signal);
          },
          probe: true,
        },
      ],
    });
    await until(async () => (await fetch(`${gate.address.url}/readyz`)).status === 200);
    // The engine may have been asked before it counted the token that made the gate ready.
    const askedBefore = asked;
    await until(async () => asked > askedBefore + 1);
    ahead = (await counted()) - (await engineTokens());
  });

  afterAll(async () => {
    await gate.close({ graceMs: 0 });
    await engine.stop();
  });

  function ask(origin: string, path: string, body: object, signal?: AbortSignal): Promise<Response> {
    return fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async function metric(name: string): Promise<number> {
    const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name}{`)) ?? '';
    return Number(line.slice(line.lastIndexOf(' ')));
  }

  function counted(): Promise<number> {
    return metric('flexinfer_gate_tokens_total');
  }

  /** What the engine itself has counted since it started. */
  async function engineTokens(): Promise<number> {
    const counters = await engine.client.counters(AbortSignal.timeout(30_000));
    return counters?.generatedTokens ?? Number.NaN;
  }

  /** Waits until the gate has learnt of everything the engine made, also past the gate. */
  async function settled(): Promise<number> {
    await until(async () => (await counted()) - (await engineTokens()) === ahead);
    return counted();
  }

  const question = (content: string, tokens: number) => ({
    messages: [{ role: 'user', content }],
    max_tokens: tokens,
    temperature: 0,
    seed: 1,
    cache_prompt: false,
  });

  it('gives the answer the engine gives, under its own name', async () => {
    const direct = await ask(`http://127.0.0.1:${engine.port}`, '/v1/chat/completions', question('Hello', 12));
    const through = await ask(gate.address.url, '/v1/chat/completions', { ...question('Hello', 12), model: NAME });

    const [expected, answer] = [await direct.json(), await through.json()];
    expect(answer).toMatchObject({ model: NAME });
    expect(answer).toMatchObject({ choices: (expected as { choices: unknown }).choices });
  });

  it('streams the text the engine streams, and counts its tokens as the engine does', async () => {
    const before = await settled();
    const body = { ...question('Count to ten.', 20), stream: true };

    const through = await (await ask(gate.address.url, '/v1/chat/completions', { ...body, model: NAME })).text();

    expect((await counted()) - before).toBe(20);
    expect((await settled()) - before).toBe(20);
    const direct = await (await ask(`http://127.0.0.1:${engine.port}`, '/v1/chat/completions', body)).text();
    const texts = [direct, through].map((stream) => stream.match(/"delta":\{[^}]*\}/g));
    expect(texts[0]).toEqual(texts[1]);
    expect(through).not.toContain(ALIAS);
  });

  it('learns from the engine about the tokens of an answer nobody waited for', async () => {
    const before = await settled();
    const client = new AbortController();
    const body = { ...question('Tell me a very long story.', 800), stream: true, model: NAME };
    const answer = await ask(gate.address.url, '/v1/chat/completions', body, client.signal);
    await answer.body?.getReader().read();

    client.abort();

    await until(async () => (await metric('flexinfer_gate_requests_in_flight')) === 0);
    await until(async () => (await engine.client.counters(AbortSignal.timeout(30_000)))?.requestsInFlight === 0);
    const made = (await settled()) - before;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(800);
  });

  it('answers four questions at once with two slots, each completely', async () => {
    const before = await settled();
    const bodies = Array.from({ length: 4 }, (_, index) => ({
      ...question(`Name ${index + 2} animals.`, 12),
      stream: true,
      stream_options: { include_usage: true },
      model: NAME,
    }));

    const answers = await Promise.all(
      bodies.map(async (body) => (await ask(gate.address.url, '/v1/chat/completions', body)).text()),
    );

    const tokens = answers.map((answer) => Number(/"completion_tokens":(\d+)/.exec(answer)?.[1]));
    expect(answers.every((answer) => answer.endsWith('data: [DONE]\n\n'))).toBe(true);
    const total = tokens.reduce((sum, each) => sum + each, 0);
    expect((await counted()) - before).toBe(total);
  });

  it('tells of an engine that is killed in the middle of an answer', async () => {
    const body = { ...question('Tell me a very long story.', 800), stream: true, model: NAME };
    const answer = await ask(gate.address.url, '/v1/chat/completions', body);
    const reader = answer.body?.getReader();
    await reader?.read();

    process.kill(engine.pid, 'SIGKILL');

    let text = '';
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      text += Buffer.from(part.value).toString();
    }
    expect(text.trimEnd().split('\n').at(-1)).toContain('"code":"engine_failed"');
    await until(async () => (await fetch(`${gate.address.url}/readyz`)).status === 503);
  });
});
