import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extraTokensOf, judgeRun, type ObservedRun } from './run-validity.ts';

const wanted = { promptTokens: 128, outputTokens: 128, extraTokens: 3, acceptShort: false };
/** 127 gaps of 20 ms: 50 tokens per second, on both clocks. */
const good: ObservedRun = {
  promptTokens: 128,
  outputTokens: 128,
  cachedTokens: 0,
  finish: 'length',
  client: { firstTokenMs: 100, lastTokenMs: 2640, endMs: 2650 },
  server: { prefillMs: 90, decodeMs: 2540, decodeIntervals: 127 },
};
const judge = (change: Partial<ObservedRun>, acceptShort = false) =>
  judgeRun({ ...good, ...change }, { ...wanted, acceptShort });

describe('a valid run', () => {
  it('has the decode rate over the gaps between tokens, by the timers of the engine', () => {
    expect(judge({})).toMatchObject({ valid: true, run: { tokensPerSecond: 50, timing: 'server', flags: [] } });
  });

  it('has the rate of the client clock when the engine has no timers', () => {
    expect(judge({ server: undefined })).toMatchObject({ valid: true, run: { tokensPerSecond: 50, timing: 'client' } });
  });

  it('may finish a character with up to three more tokens', () => {
    expect(judge({ outputTokens: 131 }).valid).toBe(true);
    expect(judge({ outputTokens: 132 })).toMatchObject({ valid: false, retry: false });
  });

  it('may have no more tokens than were asked for with an engine that counts exactly', () => {
    const exact = { ...wanted, extraTokens: extraTokensOf('vllm') };

    expect(judgeRun({ ...good, outputTokens: 129 }, exact)).toMatchObject({ valid: false, retry: false });
    expect(judgeRun(good, exact).valid).toBe(true);
    expect(['llamacpp', 'embedded', 'ollama', 'custom'].map(extraTokensOf)).toEqual([3, 3, 3, 0]);
  });

  it('has the rate of the client clock when the timers of the engine stand still', () => {
    const server = { prefillMs: 0, decodeMs: 0, decodeIntervals: 127 };

    expect(judge({ server })).toMatchObject({ valid: true, run: { tokensPerSecond: 50, timing: 'client' } });
  });

  it('counts when the engine does not say why it ended, or whether a cache helped', () => {
    expect(judge({ finish: 'unknown', cachedTokens: undefined, promptTokens: undefined }).valid).toBe(true);
  });

  it('is marked when the two clocks differ by more than five percent', () => {
    const server = { prefillMs: 90, decodeMs: 2540 * 0.94, decodeIntervals: 127 };

    expect(judge({ server })).toMatchObject({ run: { flags: ['disagreement'] } });
  });
});

describe('a run that does not count', () => {
  it.each<[string, Partial<ObservedRun>, RegExp, boolean]>([
    ['a cached prompt', { cachedTokens: 12 }, /12 prompt tokens came from a cache/, false],
    ['a cache that held all of it', { cachedTokens: 128 }, /128 prompt tokens came from a cache/, false],
    ['an end of its own, even at the last token', { finish: 'stop' }, /ended \(stop\) after 128 of 128/, true],
    [
      'timers that are no numbers',
      { server: { prefillMs: 90, decodeMs: Number.NaN, decodeIntervals: 127 } },
      /do not fit/,
      true,
    ],
    ['an early end', { outputTokens: 40, finish: 'stop' }, /ended \(stop\) after 40 of 128/, true],
    ['no token', { outputTokens: 0 }, /ended/, true],
    [
      'times that run backwards',
      { client: { firstTokenMs: 200, lastTokenMs: 100, endMs: 300 } },
      /do not fit together/,
      true,
    ],
    [
      'a time that is no number',
      { client: { firstTokenMs: Number.NaN, lastTokenMs: 100, endMs: 300 } },
      /do not fit/,
      true,
    ],
    [
      'an engine that claims more time than passed',
      { server: { prefillMs: 2000, decodeMs: 2540, decodeIntervals: 127 } },
      /do not fit/,
      true,
    ],
    [
      'no time at all',
      {
        server: { prefillMs: 0, decodeMs: 0, decodeIntervals: 127 },
        client: { firstTokenMs: 5, lastTokenMs: 5, endMs: 5 },
      },
      /all tokens arrived at once/,
      true,
    ],
  ])('is refused for %s', (_, change, reason, retry) => {
    expect(judge(change)).toEqual({ valid: false, reason: expect.stringMatching(reason), retry });
  });

  it('counts after all, marked, when it is short, long enough and was tried often enough', () => {
    const client = { firstTokenMs: 100, lastTokenMs: 100 + 20 * 79, endMs: 2000 };
    const server = { prefillMs: 90, decodeMs: 20 * 79, decodeIntervals: 79 };

    expect(judge({ outputTokens: 80, finish: 'stop', client, server }, true)).toMatchObject({
      valid: true,
      run: { outputTokens: 80, flags: ['short'] },
    });
    expect(judge({ outputTokens: 63, finish: 'stop', client, server }, true).valid).toBe(false);
  });
});

it('never gives a rate that is zero, negative or not a number', () => {
  const ms = fc.double({ min: -10, max: 1e5 });
  fc.assert(
    fc.property(
      fc.nat(200),
      ms,
      ms,
      ms,
      fc.option(fc.tuple(ms, ms, fc.nat(200)), { nil: undefined }),
      (outputTokens, a, b, c, timers) => {
        const server =
          timers === undefined ? undefined : { prefillMs: timers[0], decodeMs: timers[1], decodeIntervals: timers[2] };
        const judged = judge({ outputTokens, client: { firstTokenMs: a, lastTokenMs: b, endMs: c }, server }, true);

        expect(!judged.valid || (judged.run.tokensPerSecond > 0 && Number.isFinite(judged.run.tokensPerSecond))).toBe(
          true,
        );
      },
    ),
  );
});
