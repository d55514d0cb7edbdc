import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';

const never = new AbortController().signal;

/** Enters and hopes for a place. */
async function place(admission: Admission): Promise<() => void> {
  const entered = await admission.enter(never);
  if (typeof entered === 'string') throw new Error(`no place: ${entered}`);
  return entered;
}

describe('admission', () => {
  it('gives out its places and lets the rest wait, first come first served', async () => {
    const admission = new Admission(1, 2, 60_000);
    const leave = await place(admission);
    const order: string[] = [];
    const second = place(admission).then((out) => (order.push('second'), out));
    const third = place(admission).then((out) => (order.push('third'), out));
    expect([admission.inFlight, admission.waiting]).toEqual([1, 2]);

    leave();
    (await second)();
    (await third)();

    expect(order).toEqual(['second', 'third']);
    expect([admission.inFlight, admission.waiting]).toEqual([0, 0]);
  });

  it('refuses at once when the queue is full', async () => {
    const admission = new Admission(1, 0, 60_000);
    await place(admission);

    expect(await admission.enter(never)).toBe('queue-full');
  });

  it('refuses who waited too long', async () => {
    const admission = new Admission(1, 1, 1);
    await place(admission);

    expect(await admission.enter(never)).toBe('waited-too-long');
    expect(admission.waiting).toBe(0);
  });

  it('forgets who went away, before or while waiting', async () => {
    const admission = new Admission(1, 2, 60_000);
    const leave = await place(admission);
    const gone = new AbortController();
    const waiting = admission.enter(gone.signal);

    gone.abort();

    expect(await waiting).toBe('closing');
    expect(await admission.enter(gone.signal)).toBe('closing');
    expect(admission.waiting).toBe(0);
    leave();
    expect(admission.inFlight).toBe(0);
  });

  it('sends everyone who waits away when it closes', async () => {
    const admission = new Admission(1, 2, 60_000);
    await place(admission);
    const waiting = admission.enter(never);

    admission.close();

    expect(await waiting).toBe('closing');
  });

  it('takes a place back only once', async () => {
    const admission = new Admission(2, 0, 60_000);
    const leave = await place(admission);
    await place(admission);

    leave();
    leave();

    expect(admission.inFlight).toBe(1);
  });
});
