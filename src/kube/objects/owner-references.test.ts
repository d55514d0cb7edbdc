import { describe, expect, it } from 'vitest';
import type { KubeObject } from './object.ts';
import { controllerOf, controllerReference, isControlledBy, withController } from './owner-references.ts';

function object(kind: string, name: string, uid: string, namespace?: string): KubeObject {
  const metadata = { name, uid, resourceVersion: '1', ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'apps/v1', kind, metadata };
}

const owner = object('Deployment', 'web', 'u1', 'a');
const child = object('ReplicaSet', 'web-1', 'u2', 'a');

describe('withController', () => {
  it('adds the owner and keeps other owners', () => {
    const other = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u9' };
    const owned = { ...child, metadata: { ...child.metadata, ownerReferences: [other] } };

    const result = withController(owned, owner);

    expect(result).toEqual({ references: [other, controllerReference(owner)] });
  });

  it('renews the reference of the same owner instead of adding a second', () => {
    const owned = { ...child, metadata: { ...child.metadata, ownerReferences: [controllerReference(owner)] } };

    expect(withController(owned, owner)).toEqual({ references: [controllerReference(owner)] });
    expect(isControlledBy(owned, owner)).toBe(true);
  });

  it('does not take an object from its controller, not even from an earlier one of the same name', () => {
    const earlier = object('Deployment', 'web', 'u0', 'a');
    const owned = { ...child, metadata: { ...child.metadata, ownerReferences: [controllerReference(earlier)] } };

    expect(withController(owned, owner)).toEqual({ conflict: 'already controlled by Deployment web' });
    expect(isControlledBy(owned, owner)).toBe(false);
    expect(controllerOf(owned)?.uid).toBe('u0');
  });

  it('refuses an owner of another namespace, and takes a cluster-wide one', () => {
    expect(withController(child, object('Deployment', 'web', 'u1', 'b'))).toHaveProperty('conflict');
    expect(withController(child, object('Node', 'n', 'u3'))).toHaveProperty('references');
  });
});
