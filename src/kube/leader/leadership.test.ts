import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { Fence } from './fence.ts';
import { LeadershipLostError, Term } from './leadership.ts';

function newTerm(transitions = 3) {
  const clock = new ManualClock();
  return { clock, term: new Term('me', transitions, 10_000, clock.monotonicMs(), clock) };
}

describe('a term', () => {
  it('ends by itself when it is not renewed in time', async () => {
    const { clock, term } = newTerm();

    await clock.advance(9_999);
    expect(term.holds()).toBe(true);
    await clock.advance(1);

    expect(term.holds()).toBe(false);
    expect(term.signal.reason).toBeInstanceOf(LeadershipLostError);
  });

  it('counts from when the renewal was sent', async () => {
    const { clock, term } = newTerm();
    await clock.advance(8_000);
    term.renewed(clock.monotonicMs() - 3_000);

    await clock.advance(6_999);
    expect(term.holds()).toBe(true);
    await clock.advance(1);

    expect(term.holds()).toBe(false);
  });

  it('is over the moment a stopped process goes on, before any timer has fired', () => {
    const { clock, term } = newTerm();

    clock.skip(60_000);

    expect(term.signal.aborted).toBe(false);
    expect(term.holds()).toBe(false);
  });

  it('does not mind a jump of the wall clock', async () => {
    const { clock, term } = newTerm();

    clock.jumpWall(86_400_000);
    clock.jumpWall(-2 * 86_400_000);
    await clock.advance(5_000);

    expect(term.holds()).toBe(true);
  });

  it('leaves no timer when it ends', () => {
    const { clock, term } = newTerm();

    term.end('over');

    expect(clock.waiting).toBe(0);
  });
});

describe('a fence', () => {
  const object = (annotations?: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', ...(annotations ? { annotations } : {}) },
  });

  it('makes a write carry the version it was made from and the term, and keeps other annotations', () => {
    const fence = new Fence('x/term', newTerm(3).term);

    expect(fence.guard(object({ a: 'b', 'x/term': '2' }))).toEqual({
      name: 'a',
      namespace: 'n',
      resourceVersion: '7',
      annotations: { a: 'b', 'x/term': '3' },
    });
  });

  it('refuses to write what a later leader has written', () => {
    const fence = new Fence('x/term', newTerm(3).term);

    expect(() => fence.guard(object({ 'x/term': '4' }))).toThrow(LeadershipLostError);
    expect(fence.guard(object({ 'x/term': 'nonsense' })).annotations).toEqual({ 'x/term': '3' });
  });

  it('refuses to write when the term is over', () => {
    const { clock, term } = newTerm();
    clock.skip(10_000);

    expect(() => new Fence('x/term', term).guard(object())).toThrow(LeadershipLostError);
  });
});
