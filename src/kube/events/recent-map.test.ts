import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from './recent-map.ts';

describe('RecentMap', () => {
  it('holds exactly the entries used last', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('get', 'set'), fc.integer({ min: 0, max: 9 }))), (steps) => {
        const map = new RecentMap<number>(4);
        let used: string[] = [];

        for (const [what, number] of steps) {
          const key = String(number);
          if (what === 'set') map.set(key, number);
          const found = map.get(key);
          expect(found).toBe(what === 'set' || used.includes(key) ? number : undefined);
          if (found !== undefined) used = [...used.filter((each) => each !== key), key].slice(-4);
        }

        expect(map.size).toBe(used.length);
      }),
    );
  });
});
