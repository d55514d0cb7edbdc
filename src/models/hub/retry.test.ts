import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { DEFAULT_RETRY, parseRetryAfter, RetryBudget, retryDelayMs, TransientFailure } from './retry.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const quick = { ...DEFAULT_RETRY, firstDelayMs: 0, largestDelayMs: 0 };

describe('retryDelayMs', () => {
  it('doubles its range from half a second up to half a minute', () => {
    const longest = [1, 2, 3, 7, 8, 100].map((failures) => retryDelayMs(DEFAULT_RETRY, failures, 1));

    expect(longest).toEqual([500, 1000, 2000, 30_000, 30_000, 30_000]);
  });

  it('never waits less than the server asks for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(1e6),
        (n, random, asked) => {
          const delay = retryDelayMs(DEFAULT_RETRY, n, random, asked);
          expect(delay).toBeGreaterThanOrEqual(asked);
          expect(delay).toBeLessThanOrEqual(Math.max(asked, 30_000));
        },
      ),
    );
  });
});

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['1000000000', 1e12],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %j as %j ms', (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});

describe('RetryBudget', () => {
  const failures = async (failure: TransientFailure, budget = new RetryBudget(quick, 'the file')) => {
    let count = 0;
    const error = await failureOf(async () => {
      for (;;) {
        count += 1;
        await budget.pause(failure, undefined);
      }
    });
    return { count, error };
  };

  it('gives up after six failures', async () => {
    const { count, error } = await failures(new TransientFailure('broke off'));

    expect(count).toBe(6);
    expect(error).toMatchObject({ code: 'UNREACHABLE', message: 'the file: broke off' });
  });

  it('gives up sooner when nobody is there', async () => {
    const { count, error } = await failures(new TransientFailure('no such host', { unreachable: true }));

    expect(count).toBe(3);
    expect(error.todo).toContain('HF_ENDPOINT');
  });

  it('does not wait for a server that asks for days', async () => {
    const failure = new TransientFailure('429', { rateLimited: true, retryAfterMs: 1e9 });

    const { count, error } = await failures(failure);

    expect(count).toBe(1);
    expect(error.code).toBe('RATE_LIMITED');
  });

  it('starts to count anew after progress', async () => {
    const budget = new RetryBudget(quick, 'the file');
    for (let failure = 0; failure < 5; failure += 1) await budget.pause(new TransientFailure('x'), undefined);

    budget.progressed();

    expect((await failures(new TransientFailure('x'), budget)).count).toBe(6);
  });

  it('stops waiting when it is interrupted', async () => {
    const interrupt = new AbortController();
    const budget = new RetryBudget({ ...DEFAULT_RETRY, largestDelayMs: 60_000 }, 'the file');
    const waiting = failureOf(budget.pause(new TransientFailure('x', { retryAfterMs: 60_000 }), interrupt.signal));

    interrupt.abort();

    expect((await waiting).code).toBe('CANCELLED');
  });
});
