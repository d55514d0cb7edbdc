import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PersistentMap } from './persistent-map.ts';

const keys = fc.string({ maxLength: 3 });
const changes = fc.array(fc.tuple(keys, fc.option(fc.integer(), { nil: undefined })), { maxLength: 200 });

/** Few hashes for many keys, with bits in every place, so that chains and deep branches both occur. */
const collidingHash = (key: string): number => ((key.length * 0x9e37_79b9) ^ ((key.charCodeAt(0) & 1) << 31)) >>> 0;

describe('PersistentMap', () => {
  for (const [name, hash] of [
    ['with good hashes', undefined],
    ['with colliding hashes', collidingHash],
    ['with one hash for all', () => 7],
  ] as const) {
    it(`behaves as a Map ${name}, and no change shows in an older state`, () => {
      fc.assert(
        fc.property(changes, (changes) => {
          const model = new Map<string, number>();
          let map = PersistentMap.empty<number>(hash);
          const states: { map: PersistentMap<number>; values: number[] }[] = [];

          for (const [key, value] of changes) {
            states.push({ map, values: [...model.values()].sort((a, b) => a - b) });
            if (value === undefined) {
              map = map.delete(key);
              model.delete(key);
            } else {
              map = map.set(key, value);
              model.set(key, value);
            }
            expect(map.get(key)).toBe(value);
            expect(map.size).toBe(model.size);
          }

          for (const [key, value] of model) expect(map.get(key)).toBe(value);
          for (const { map, values } of states) expect(map.values().sort((a, b) => a - b)).toEqual(values);
        }),
      );
    });
  }

  it('returns itself when there is nothing to delete', () => {
    const map = PersistentMap.empty<number>().set('a', 1);

    expect(map.delete('b')).toBe(map);
  });
});
