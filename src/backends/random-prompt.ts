/** Prompts for measuring: random enough that no cache helps, repeatable enough that a run can be done again. */

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('');

/**
 * A text that an engine's tokenizer turns into a few hundred different ordinary tokens. It has no special token, since
 * special tokens are only made from their own spelling.
 */
export const poolText = LETTERS.flatMap((first) => LETTERS.map((second) => ` ${first}${second}`)).join('');

/**
 * `length` token ids drawn from `pool`. The same seed gives the same prompt. Prompts whose seeds differ by less than
 * the pool's size begin with different tokens, so they share no prefix that an engine could have cached.
 *
 * @param pool distinct ids of ordinary tokens, at least two
 */
export function randomPrompt(pool: readonly number[], seed: number, length: number): number[] {
  const next = randomSequence(seed);
  return Array.from({ length }, (_, index) => {
    const at = index === 0 ? positiveRemainder(seed, pool.length) : Math.floor(next() * pool.length);
    const id = pool[at];
    if (id === undefined) {
      throw new RangeError(`no token ${at} in a pool of ${pool.length}`);
    }
    return id;
  });
}

function positiveRemainder(value: number, divisor: number): number {
  return ((Math.trunc(value) % divisor) + divisor) % divisor;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, evenly spread, plenty for picking tokens. */
function randomSequence(seed: number): () => number {
  let state = Math.trunc(seed) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
