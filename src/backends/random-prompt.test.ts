import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolText, randomPrompt } from './random-prompt.ts';

const pools = fc.uniqueArray(fc.nat({ max: 200_000 }), { minLength: 2, maxLength: 700 });
const seeds = fc.integer({ min: -1_000_000, max: 1_000_000 });

describe('randomPrompt', () => {
  it('has the asked length and only tokens of the pool', () => {
    fc.assert(
      fc.property(pools, seeds, fc.integer({ min: 1, max: 300 }), (pool, seed, length) => {
        const prompt = randomPrompt(pool, seed, length);

        expect(prompt).toHaveLength(length);
        expect(prompt.every((id) => pool.includes(id))).toBe(true);
      }),
    );
  });

  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(pools, seeds, (pool, seed) => {
        expect(randomPrompt(pool, seed, 50)).toEqual(randomPrompt(pool, seed, 50));
      }),
    );
  });

  it('begins with another token for each of the next seeds, so that no prefix is shared', () => {
    fc.assert(
      fc.property(pools, seeds, (pool, seed) => {
        const first = pool.map((_, index) => randomPrompt(pool, seed + index, 1)[0]);

        expect(new Set(first).size).toBe(pool.length);
      }),
    );
  });

  it('draws from the whole pool', () => {
    const pool = Array.from({ length: 100 }, (_, index) => index);

    const drawn = new Set(randomPrompt(pool, 1, 5_000));

    expect(drawn.size).toBe(100);
  });
});

describe('poolText', () => {
  it('has hundreds of different words and nothing that could be the spelling of a special token', () => {
    const words = poolText.trim().split(' ');

    expect(new Set(words).size).toBe(676);
    expect(poolText).toMatch(/^[a-z ]+$/);
  });
});
