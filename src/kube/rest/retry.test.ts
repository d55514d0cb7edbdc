import { describe, expect, it } from 'vitest';
import { KubeError } from './kube-error.ts';
import { MAX_ATTEMPTS, RetryBudget, retryDelayMs } from './retry.ts';

const error = (reason: string, code = 0, more: { retryAfterMs?: number; neverSent?: boolean } = {}) =>
  new KubeError('x', { reason, code, ...more });
const atMost = () => 0.999_999;

describe('retryDelayMs', () => {
  it('repeats what the server asks to repeat, whatever the method, after the time it names', () => {
    const busy = error('TooManyRequests', 429, { retryAfterMs: 2_000 });

    expect(retryDelayMs(busy, 1, false, () => 0)).toBe(2_000);
    expect(retryDelayMs(busy, 1, false, atMost)).toBeCloseTo(2_200, 1);
    expect(retryDelayMs(error('ServiceUnavailable', 503, { retryAfterMs: 1_000 }), 1, false, () => 0)).toBe(1_000);
  });

  it('repeats what never reached the server, whatever the method', () => {
    expect(retryDelayMs(error('Unreachable', 0, { neverSent: true }), 1, false, () => 0)).toBe(0);
  });

  it('repeats what may have reached the server only if twice does no harm', () => {
    for (const failure of [error('Unreachable'), error('InternalError', 500), error('ServiceUnavailable', 503)]) {
      expect(retryDelayMs(failure, 1, false, () => 0)).toBeUndefined();
      expect(retryDelayMs(failure, 1, true, () => 0)).toBe(0);
    }
  });

  it('does not repeat what will fail again', () => {
    const refusals = [401, 403, 404, 409, 410, 422].map((code) => error('Refused', code));
    for (const failure of [
      ...refusals,
      error('TlsFailed', 0, { neverSent: true }),
      error('BadAnswer'),
      new Error('x'),
    ]) {
      expect(retryDelayMs(failure, 1, true, () => 0)).toBeUndefined();
    }
  });

  it('has full jitter up to a bound that doubles, and ends after its attempts', () => {
    const failure = error('InternalError', 500);

    const longest = Array.from({ length: MAX_ATTEMPTS }, (_, before) =>
      retryDelayMs(failure, before + 1, true, atMost),
    );

    expect(longest.map((ms) => ms && Math.round(ms))).toEqual([200, 400, 800, 1_600, 3_200, undefined]);
  });

  it('leaves a long wait to the caller', () => {
    expect(retryDelayMs(error('TooManyRequests', 429, { retryAfterMs: 60_000 }), 1, true, () => 0)).toBeUndefined();
  });
});

describe('RetryBudget', () => {
  it('allows ten retries at once, and then one for ten requests', () => {
    const budget = new RetryBudget();
    const spent = Array.from({ length: 12 }, () => budget.spend());
    expect(spent.filter(Boolean)).toHaveLength(10);

    for (let request = 0; request < 11; request += 1) budget.earn();

    expect([budget.spend(), budget.spend()]).toEqual([true, false]);
  });
});
