import { describe, expect, it } from 'vitest';
import { readCompletion } from './completion-stream.ts';
import type { Generation } from './engine.ts';

/** Reads events that arrive at the given milliseconds after the request, which was sent at 1000. */
async function read(...events: readonly (readonly [atMs: number, data: unknown])[]): Promise<Generation> {
  let now = 1000;
  async function* body(): AsyncGenerator<Uint8Array> {
    for (const [atMs, data] of events) {
      now = 1000 + atMs;
      yield new TextEncoder().encode(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
  }
  return readCompletion(body(), () => now, 1000);
}

const token = (soFar: number): unknown => ({ content: 'x', stop: false, tokens_predicted: soFar });
const timings = { cache_n: 0, prompt_n: 4, prompt_ms: 10, predicted_n: 3, predicted_ms: 20 };
const last = (fields: Record<string, unknown> = {}): unknown => ({
  content: '',
  stop: true,
  stop_type: 'limit',
  tokens_predicted: 3,
  tokens_evaluated: 4,
  timings,
  ...fields,
});

describe('readCompletion', () => {
  it('takes times from the arrival of tokens and counts from the last event', async () => {
    const generation = await read([12, token(1)], [22, token(2)], [32, token(3)], [33, last()]);

    expect(generation).toEqual({
      promptTokens: 4,
      outputTokens: 3,
      cachedTokens: 0,
      finish: 'length',
      client: { firstTokenMs: 12, lastTokenMs: 32, endMs: 33 },
      server: { prefillMs: 10, decodeMs: 20, decodeIntervals: 2 },
    });
  });

  it('counts every token of an event that carries several', async () => {
    const generation = await read([12, token(2)], [22, token(3)], [23, last()]);

    expect(generation.outputTokens).toBe(3);
  });

  it('takes the last event for the last token when the stream held an unfinished character back', async () => {
    const generation = await read([12, token(1)], [22, token(2)], [32, last()]);

    expect(generation.client).toEqual({ firstTokenMs: 12, lastTokenMs: 32, endMs: 32 });
  });

  it('tells a text that ended by itself from one that reached its length', async () => {
    const generation = await read([12, token(3)], [13, last({ stop_type: 'eos' })]);

    expect(generation.finish).toBe('stop');
  });

  it('shows what was taken from the cache', async () => {
    const generation = await read([12, token(3)], [13, last({ timings: { ...timings, cache_n: 100 } })]);

    expect(generation.cachedTokens).toBe(100);
  });

  it.each([
    ['there are none', undefined],
    ['a duration is 0', { ...timings, predicted_ms: 0 }],
    ['a duration is negative', { ...timings, prompt_ms: -1 }],
    ['a duration is no number', { ...timings, predicted_ms: null }],
    ['a duration is a text', { ...timings, predicted_ms: '20' }],
  ])('has no server timers when %s', async (_, broken) => {
    const generation = await read([12, token(3)], [13, last({ timings: broken })]);

    expect(generation.server).toBeUndefined();
  });

  it('has no decode rate for a single token', async () => {
    const generation = await read(
      [12, token(1)],
      [13, last({ tokens_predicted: 1, timings: { ...timings, predicted_n: 1 } })],
    );

    expect(generation.server).toBeUndefined();
  });

  it('reports zero tokens as zero', async () => {
    const generation = await read([12, last({ tokens_predicted: 0, timings: undefined })]);

    expect(generation.outputTokens).toBe(0);
  });

  it.each([
    ['ended after 2 tokens without its last event', [[12, token(2)]]],
    [
      'ended after 1 tokens without its last event',
      [
        [12, token(1)],
        [13, '[DONE]'],
      ],
    ],
    [
      'reported an error: out of memory',
      [
        [12, token(1)],
        [13, { error: { code: 500, message: 'out of memory' } }],
      ],
    ],
    ['reported an error: no more', [[12, { error: 'no more' }]]],
    ['no JSON object: <html>', [[12, '<html>']]],
    ['no JSON object: 7', [[12, '7']]],
    [
      'fell from 3 to 2',
      [
        [12, token(3)],
        [13, token(2)],
      ],
    ],
    [
      '9 tokens in the stream but a total of 3',
      [
        [12, token(9)],
        [13, last()],
      ],
    ],
    [
      '1 tokens in the stream but a total of 128',
      [
        [12, token(1)],
        [13, last({ timings: { ...timings, predicted_n: 128 } })],
      ],
    ],
  ] as const)('refuses an answer: %s', async (what, events) => {
    const failure = read(...events);

    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining(what) });
  });
});
