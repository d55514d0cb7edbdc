import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHeldByOther, type Lease, observe, releasedSpec, takenSpec } from './lease.ts';
import { microTime } from './micro-time.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

function lease(spec: Lease['spec'], resourceVersion = '1'): Lease {
  const metadata = { name: 'l', namespace: 'n', uid: 'u', resourceVersion };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, ...(spec === undefined ? {} : { spec }) };
}

describe('microTime', () => {
  it('always has six digits after the second, which the API server insists on', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }), (date) => {
        const text = microTime(date.getTime());

        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        expect(Date.parse(text)).toBe(date.getTime());
      }),
    );
  });
});

describe('a lease', () => {
  it('is held for its duration after it was last seen to change, by the own clock alone', () => {
    const held = lease({ holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '1970-01-01T00:00:00.000000Z' });
    const first = observe(undefined, held, 1_000);
    const unchanged = observe(first, held, 9_000);

    expect(isHeldByOther(unchanged, 'b', 15_999, 60_000)).toBe(true);
    expect(isHeldByOther(unchanged, 'b', 16_000, 60_000)).toBe(false);
  });

  it('counts as renewed when its spec changes, and not when somebody edits a label', () => {
    const spec = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: microTime(NOON) };
    const first = observe(undefined, lease(spec), 0);

    const renewed = observe(first, lease({ ...spec, renewTime: microTime(NOON + 1) }, '2'), 10_000);
    const labelled = observe(first, lease(spec, '2'), 10_000);

    expect([renewed.sinceMs, labelled.sinceMs]).toEqual([10_000, 0]);
  });

  it('is free when nobody holds it, when it was given back, and for its holder', () => {
    const free = [undefined, {}, { holderIdentity: '' }, { holderIdentity: 'me', leaseDurationSeconds: 15 }];
    for (const spec of free) {
      expect(isHeldByOther(observe(undefined, lease(spec), 0), 'me', 0, 15_000)).toBe(false);
    }
  });

  it('has the own duration when it names none', () => {
    const observation = observe(undefined, lease({ holderIdentity: 'a' }), 0);

    expect(isHeldByOther(observation, 'b', 14_999, 15_000)).toBe(true);
    expect(isHeldByOther(observation, 'b', 15_000, 15_000)).toBe(false);
  });

  it('counts a transition with every new holder, keeps its acquireTime over renewals and unknown fields always', () => {
    const first = takenSpec(undefined, 'a', 15_000, NOON);
    const renewed = takenSpec({ ...first, strategy: 'x' } as Lease['spec'], 'a', 15_000, NOON + 2_000);
    const released = releasedSpec(renewed, NOON + 3_000);
    const second = takenSpec(released, 'b', 15_000, NOON + 4_000);
    const stolen = takenSpec(second, 'c', 15_000, NOON + 60_000);

    const transitions = [first, renewed, released, second, stolen].map((spec) => spec.leaseTransitions);
    expect(transitions).toEqual([0, 0, 0, 1, 2]);
    expect(renewed).toMatchObject({
      acquireTime: first.acquireTime,
      renewTime: microTime(NOON + 2_000),
      strategy: 'x',
    });
    expect(released.holderIdentity).toBe('');
    expect(second).toMatchObject({ holderIdentity: 'b', acquireTime: microTime(NOON + 4_000), strategy: 'x' });
  });
});
