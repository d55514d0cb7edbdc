import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallModel } from '../../scripts/engines/small-model.ts';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { type ChosenBackend, chooseBackend } from '../../src/backends/find-backend.ts';
import { obtain } from './obtain.ts';
import { post, startReal } from './real-engine.ts';

const chosen = await obtain('embedded engine', () =>
  chooseBackend('embedded', process.env, { signal: AbortSignal.timeout(600_000), onLine: console.error }),
);
const modelFile = await obtain('small model', smallModel);

/** What only our own server promises, beyond what every backend must do. */
describe.skipIf(chosen === undefined || modelFile === undefined)('the embedded engine’s server', () => {
  let engine: RunningEngine;
  let parts: { chosen: ChosenBackend; modelFile: string };
  beforeAll(async () => {
    if (chosen === undefined || modelFile === undefined) {
      throw new Error('nothing to test');
    }
    parts = { chosen, modelFile };
    engine = await startReal(chosen, modelFile);
  });
  afterAll(() => engine?.stop());

  const greedy = { temperature: 0, max_tokens: 16 };
  const ask = (content: string): unknown => ({ ...greedy, messages: [{ role: 'user', content }] });

  it('prints nothing while all is well', async () => {
    await post(engine, '/v1/chat/completions', ask('hello'));

    expect(engine.lastLines()).toEqual([]);
  });

  it.each<[string, string, unknown, number, string]>([
    ['a model it does not serve', '/v1/chat/completions', { model: 'other', messages: [] }, 404, 'model_not_found'],
    ['a prompt that does not fit', '/v1/completions', { prompt: 'word '.repeat(600) }, 400, 'context_length_exceeded'],
    ['an empty prompt', '/v1/completions', { prompt: '' }, 400, 'empty_prompt'],
    ['a field it does not have', '/v1/completions', { prompt: 'a', logprobs: 5 }, 400, 'unsupported_field'],
    ['a field out of range', '/v1/completions', { prompt: 'a', temperature: -1 }, 400, 'invalid_field'],
    ['a list for a body', '/v1/completions', [], 400, 'invalid_json'],
    ['a body of 17 MiB', '/v1/completions', { prompt: 'a'.repeat(17 * 1024 * 1024) }, 413, 'body_too_large'],
    ['token ids beyond the vocabulary', '/completion', { prompt: [99_999_999] }, 400, 'invalid_field'],
    ['a wrong method', '/v1/models', {}, 404, 'not_found'],
  ])('refuses %s with an error object as OpenAI’s', async (_, path, body, status, code) => {
    const answer = await post(engine, path, body);

    expect(answer).toMatchObject({ status, body: { error: { code, type: 'invalid_request_error' } } });
  });

  it('still answers after all of that', async () => {
    const answer = await post(engine, '/v1/completions', { ...greedy, prompt: 'The capital of France is' });

    expect(answer).toMatchObject({ status: 200, body: { choices: [{ text: expect.stringContaining('Paris') }] } });
  });

  it('stops at a stop text and does not send it', async () => {
    const body = { ...greedy, prompt: 'The capital of France is', stop: ['.'] };

    const answer = await post(engine, '/v1/completions', body);

    expect(answer.body).toMatchObject({ choices: [{ text: ' Paris', finish_reason: 'stop' }] });
  });

  it('ends at the end of the text unless told to ignore it', async () => {
    const body = { messages: [{ role: 'user', content: 'Say: ok' }], temperature: 0, max_tokens: 300 };

    const ended = await post(engine, '/v1/chat/completions', body);
    const ignored = await post(engine, '/v1/chat/completions', { ...body, ignore_eos: true });

    expect(ended.body).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    expect(ignored.body).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { completion_tokens: 300 } });
  });

  it('ends at the context’s end, never beyond, when no limit is given', async () => {
    const body = { messages: [{ role: 'user', content: 'Count.' }], temperature: 0, ignore_eos: true };

    const answer = await post(engine, '/v1/chat/completions', body);

    expect(answer.body).toMatchObject({ choices: [{ finish_reason: 'length' }], usage: { total_tokens: 512 } });
  });

  it('takes the beginning of a conversation from what it still holds, with the same answer', async () => {
    const first = await post(engine, '/v1/chat/completions', {
      ...Object(ask('Tell me of Rome.')),
      cache_prompt: false,
    });

    const again = await post(engine, '/v1/chat/completions', ask('Tell me of Rome.'));

    const choice = first.body;
    expect(again.body).toMatchObject({ usage: { prompt_tokens_details: { cached_tokens: expect.any(Number) } } });
    expect(textOf(again.body)).toBe(textOf(choice));
    expect(cachedOf(again.body)).toBeGreaterThan(20);
    expect(cachedOf(first.body)).toBe(0);
  });

  it('gives the place of one who left to the next, also of one who was only waiting', async () => {
    const leave = new AbortController();
    const long = { prompt: 'a', max_tokens: 400, ignore_eos: true, temperature: 0 };

    const running = post(engine, '/v1/completions', long, leave.signal).catch((error: unknown) => error);
    await expect.poll(() => counters(engine)).toMatchObject({ requestsInFlight: 1 });
    const waiting = post(engine, '/v1/completions', long, leave.signal).catch((error: unknown) => error);
    await expect.poll(() => counters(engine)).toMatchObject({ requestsWaiting: 1 });
    const last = post(engine, '/v1/completions', { ...greedy, prompt: 'The capital of France is' });
    leave.abort();

    expect((await last).status).toBe(200);
    expect(await Promise.all([running, waiting])).toEqual([expect.any(Error), expect.any(Error)]);
    expect(await counters(engine)).toMatchObject({ requestsInFlight: 0, requestsWaiting: 0 });
  });

  it('sends whole characters only', async () => {
    const body = { ...greedy, prompt: '😀😃😄😁😆😅😂🤣😊😇🙂🙃😉😌😍🥰', max_tokens: 41, stream: true };

    const answer = await post(engine, '/v1/completions', body);

    expect(answer.body).toEqual(expect.stringContaining('[DONE]'));
    expect(answer.body).not.toEqual(expect.stringContaining('\uFFFD'));
  });

  it('runs with a quantised key-value cache', async () => {
    const other = await startReal(parts.chosen, parts.modelFile, { kvCacheType: 'q8_0' });

    const answer = await post(other, '/v1/completions', { ...greedy, prompt: 'The capital of France is' });
    await other.stop();

    expect(textOf(answer.body)).toContain('Paris');
  });
});

function counters(engine: RunningEngine): Promise<unknown> {
  return engine.client.counters(AbortSignal.timeout(10_000));
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (Object(inside) === inside ? Reflect.get(Object(inside), key) : undefined),
    value,
  );
}

function textOf(body: unknown): unknown {
  return at(body, 'choices', 0, 'text') ?? at(body, 'choices', 0, 'message', 'content');
}

function cachedOf(body: unknown): unknown {
  return at(body, 'usage', 'prompt_tokens_details', 'cached_tokens');
}
