import { describe, expect, it } from 'vitest';
import { startupTimeoutMs } from './startup-timeout.ts';

describe('startupTimeoutMs', () => {
  it.each([
    ['nothing known', 0, 120_000],
    ['a small model', 98_362_432, 121_000],
    ['exactly 100 MiB', 100 * 1024 * 1024, 121_000],
    ['40 GiB', 40 * 1024 ** 3, 530_000],
  ])('grows with the size: %s', (_, bytes, expected) => {
    expect(startupTimeoutMs(bytes)).toBe(expected);
  });
});
