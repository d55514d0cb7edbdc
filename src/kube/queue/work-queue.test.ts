import { describe, expect, it } from 'vitest';
import { ManualClock, settle } from '../time/manual-clock.fake.ts';
import { WorkQueue } from './work-queue.ts';

function newQueue() {
  const clock = new ManualClock();
  return { clock, queue: new WorkQueue({ clock }) };
}

describe('WorkQueue', () => {
  it('hands out keys in the order in which they came, each once', async () => {
    const { queue } = newQueue();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);

    const taken = [await queue.get(), await queue.get(), await queue.get()];

    expect(taken).toEqual(['b', 'a', 'c']);
    expect(queue.depth).toBe(0);
  });

  it('gives a key added during its work back once more, and only after that work', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await queue.get();
    queue.add('a');
    queue.add('a');

    expect(queue.depth).toBe(0);
    queue.done('a');

    expect(await queue.get()).toBe('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  it('wakes waiting workers in the order in which they came', async () => {
    const { queue } = newQueue();
    const first = queue.get();
    const second = queue.get();

    queue.add('a');
    queue.add('b');

    expect([await first, await second]).toEqual(['a', 'b']);
  });

  it('keeps the earliest of several delays of a key', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);

    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);

    expect(queue.depth).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  it('makes a key that fails again and again wait longer, until it is forgotten', async () => {
    const { queue, clock } = newQueue();
    queue.addRateLimited('a');
    queue.addRateLimited('a');
    queue.addRateLimited('a');
    expect(queue.failures('a')).toBe(3);

    // The first and earliest of the three delays counts.
    await clock.advance(5);

    expect(await queue.get()).toBe('a');
    queue.forget('a');
    expect(queue.failures('a')).toBe(0);
  });

  it('waits at least as long as somebody asked for', async () => {
    const { queue, clock } = newQueue();
    queue.addRateLimited('a', 2_000);

    await clock.advance(1_999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);

    expect(queue.depth).toBe(1);
  });

  it('after shut-down hands out what waits, also what was added during work, and then nothing', async () => {
    const { queue, clock } = newQueue();
    const idle = newQueue();
    const worker = idle.queue.get();
    queue.add('a');
    queue.add('b');
    await queue.get();
    queue.add('a');
    queue.addAfter('c', 10);

    queue.shutDown();
    idle.queue.shutDown();
    queue.add('d');
    queue.done('a');
    await clock.advance(100);

    expect([await queue.get(), await queue.get(), await queue.get()]).toEqual(['b', 'a', undefined]);
    expect(await worker).toBeUndefined();
    expect(clock.waiting).toBe(0);
  });

  it('does not take back a key that nobody has', () => {
    expect(() => newQueue().queue.done('a')).toThrow('without get()');
  });

  it('tells its observer of depth, waiting time and work', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    const queue = new WorkQueue({
      clock,
      observer: {
        queued: (depth) => seen.push(`queued ${depth}`),
        started: (waitedMs, depth) => seen.push(`started after ${waitedMs}, ${depth} left`),
        finished: (workedMs) => seen.push(`finished after ${workedMs}`),
        retried: () => seen.push('retried'),
      },
    });

    queue.add('a');
    clock.skip(20);
    await queue.get();
    clock.skip(7);
    queue.done('a');
    queue.addRateLimited('a');
    await settle();

    expect(seen).toEqual(['queued 1', 'started after 20, 0 left', 'finished after 7', 'retried']);
  });
});
