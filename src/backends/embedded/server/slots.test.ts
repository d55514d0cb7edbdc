import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;
const alike = (): number => 0;

describe('Slots', () => {
  it('gives the fittest place that is free', async () => {
    const slots = new Slots([1, 5, 3]);

    expect(await slots.acquire(never, (slot) => slot)).toBe(5);
    expect(await slots.acquire(never, (slot) => -slot)).toBe(1);
  });

  it('lets others wait and serves them in their order', async () => {
    const slots = new Slots(['only']);
    const order: number[] = [];
    const held = await slots.acquire(never, alike);

    const later = [1, 2].map(async (each) => {
      const slot = await slots.acquire(never, alike);
      order.push(each);
      slots.release(slot);
    });
    const waiting = slots.waiting;
    slots.release(held);
    await Promise.all(later);

    expect(waiting).toBe(2);
    expect(order).toEqual([1, 2]);
  });

  it('forgets who stops waiting', async () => {
    const slots = new Slots(['only']);
    const held = await slots.acquire(never, alike);
    const controller = new AbortController();

    const waiting = slots.acquire(controller.signal, alike);
    controller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    slots.release(held);

    expect(await slots.acquire(never, alike)).toBe('only');
    expect(slots.waiting).toBe(0);
  });

  it('does not even begin to wait for one who is gone already', async () => {
    const slots = new Slots(['only']);

    await expect(slots.acquire(AbortSignal.abort(new Error('gone')), alike)).rejects.toThrow('gone');
  });
});
