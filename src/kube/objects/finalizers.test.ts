import { describe, expect, it } from 'vitest';
import { addingFinalizer, hasFinalizer, isBeingDeleted, removingFinalizer } from './finalizers.ts';
import type { ObjectMeta } from './object.ts';

const object = (more: Partial<ObjectMeta>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', uid: 'u', resourceVersion: '7', ...more },
});

describe('finalizer patches', () => {
  it('carry the version and identity they were made from, and keep the finalizers of others', () => {
    const before = object({ finalizers: ['x/other'] });

    expect(addingFinalizer(before, 'x/mine')).toEqual({
      metadata: { resourceVersion: '7', uid: 'u', finalizers: ['x/other', 'x/mine'] },
    });
    expect(removingFinalizer(object({ finalizers: ['x/other', 'x/mine'] }), 'x/mine')).toEqual({
      metadata: { resourceVersion: '7', uid: 'u', finalizers: ['x/other'] },
    });
    expect(removingFinalizer(object({ finalizers: ['x/mine'] }), 'x/mine')).toEqual({
      metadata: { resourceVersion: '7', uid: 'u', finalizers: null },
    });
  });

  it('are not made when there is nothing to do', () => {
    const going = object({ deletionTimestamp: '2026-01-01T00:00:00Z' });

    expect(addingFinalizer(object({ finalizers: ['x/mine'] }), 'x/mine')).toBeUndefined();
    expect(addingFinalizer(going, 'x/mine')).toBeUndefined();
    expect(removingFinalizer(object({}), 'x/mine')).toBeUndefined();
    expect([hasFinalizer(going, 'x/mine'), isBeingDeleted(going)]).toEqual([false, true]);
  });
});
