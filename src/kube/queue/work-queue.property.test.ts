import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { exponentialLimiter } from './rate-limiter.ts';
import { WorkQueue } from './work-queue.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, delayMs: fc.integer({ min: -1, max: 50 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 60 }) }) },
);

describe('WorkQueue, whatever happens in whatever order', () => {
  it('never gives a key to two workers, and works on every key after it was last added', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const clock = new ManualClock();
        const queue = new WorkQueue({ clock, limiter: exponentialLimiter(5, 1_000) });
        const working = new Set<string>();
        const owed = new Set<string>();
        const workers: Promise<void>[] = [];
        const work = async () => {
          const taken = await queue.get();
          if (taken === undefined) return;
          expect(working.has(taken)).toBe(false);
          working.add(taken);
          // Work begun now sees everything that led to it.
          owed.delete(taken);
        };
        const take = () => workers.push(work());
        const finish = (failed: boolean) => {
          const [first] = working;
          if (first === undefined) return;
          working.delete(first);
          if (failed) {
            owed.add(first);
            queue.addRateLimited(first);
          }
          queue.done(first);
        };

        for (const each of steps) {
          if (each.do === 'take') take();
          else if (each.do === 'finish') finish(false);
          else if (each.do === 'fail') finish(true);
          else if (each.do === 'pass') await clock.advance(each.ms);
          else {
            owed.add(each.key);
            if (each.do === 'add') queue.add(each.key);
            else queue.addAfter(each.key, each.delayMs);
          }
          await clock.advance(0);
        }
        // All delays are below 2 s here; four more workers than keys take what is left.
        await clock.advance(10_000);
        for (let round = 0; round < 12; round += 1) {
          take();
          await clock.advance(0);
          finish(false);
        }
        queue.shutDown();
        await Promise.all(workers);

        expect([...owed]).toEqual([]);
        expect(queue.depth).toBe(0);
        expect(clock.waiting).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
