import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { FakeEngine } from '../../src/gate/testing/fake-engine.ts';
import { ALIAS, haveEngine, startRealEngine } from './real-engine.ts';

/** Every place in a JSON value with the type that is there: `choices[].index: number`. */
function shape(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => shape(each, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, each]) => shape(each, `${path}.${key}`));
}

/** The answers of an engine to the same questions, as shapes: one for a whole answer, all messages of a stream in one. */
async function shapes(origin: string, path: string, question: object): Promise<{ type: string; places: Set<string> }> {
  const answer = await fetch(origin + path, {
    method: 'POST',
    // The real one closes idle connections when it likes, and a request that meets that moment is lost.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(question),
  });
  const text = await answer.text();
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? '';
  if (type !== 'text/event-stream') return { type, places: new Set(shape(JSON.parse(text))) };
  const data = text.split('\n\n').filter((event) => event !== '');
  expect(data.every((event) => event.startsWith('data: '))).toBe(true);
  expect(data.at(-1)).toBe('data: [DONE]');
  return { type, places: new Set(data.slice(0, -1).flatMap((event) => shape(JSON.parse(event.slice(6))))) };
}

describe.skipIf(!haveEngine)('the fake engine beside a real llama-server', () => {
  let real: RunningEngine;
  let fake: FakeEngine;
  beforeAll(async () => {
    real = await startRealEngine();
    fake = await new FakeEngine(ALIAS).listen();
  });
  afterAll(async () => {
    await Promise.all([real.stop(), fake.close()]);
  });

  const chat = { model: ALIAS, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 4, temperature: 0 };
  const plain = { model: ALIAS, prompt: 'Hello', max_tokens: 4, n_predict: 4, temperature: 0 };

  it.each([
    ['/v1/chat/completions', chat],
    ['/v1/chat/completions', { ...chat, stream: true }],
    ['/v1/chat/completions', { ...chat, stream: true, stream_options: { include_usage: true } }],
    ['/v1/completions', plain],
    ['/v1/completions', { ...plain, stream: true }],
    ['/completion', plain],
  ])('says nothing on %s that the real one does not say: %j', async (path, question) => {
    const [ofReal, ofFake] = [
      await shapes(`http://127.0.0.1:${real.port}`, path, question),
      await shapes(fake.origin, path, question),
    ];

    expect(ofFake.type).toBe(ofReal.type);
    expect([...ofFake.places].filter((place) => !ofReal.places.has(place))).toEqual([]);
  });

  it('refuses what the real one refuses', async () => {
    for (const origin of [`http://127.0.0.1:${real.port}`, fake.origin]) {
      const answer = await fetch(`${origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: '{"messages":',
      });

      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(shape(await answer.json())).toEqual(
        expect.arrayContaining(['.error.code: number', '.error.message: string']),
      );
    }
  });
});
