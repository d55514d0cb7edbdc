import type { KubeObject, OwnerReference } from './object.ts';

/**
 * The reference by which a child says that `owner` controls it: the garbage collector then deletes the child after
 * its owner, and the owner's foreground deletion waits for the child.
 */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The owner that controls `object`, if any; there is at most one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether `owner` controls `object`. Goes by uid: an owner deleted and made again under its old name is another. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/**
 * The owner references that `object` needs so that `owner` controls it, for a write.
 *
 * @returns the complete list, or `{ conflict }` when somebody else controls the object already, or when the owner
 * lives in another namespace: the garbage collector would take such an owner for missing and delete the child.
 */
export function withController(
  object: Pick<KubeObject, 'metadata'>,
  owner: KubeObject,
): { readonly references: readonly OwnerReference[] } | { readonly conflict: string } {
  const ownerNamespace = owner.metadata.namespace;
  if (ownerNamespace !== undefined && ownerNamespace !== object.metadata.namespace) {
    return { conflict: `${owner.kind} ${ownerNamespace}/${owner.metadata.name} is in another namespace` };
  }
  const existing = object.metadata.ownerReferences ?? [];
  const controller = existing.find((reference) => reference.controller === true);
  if (controller !== undefined && controller.uid !== owner.metadata.uid) {
    return { conflict: `already controlled by ${controller.kind} ${controller.name}` };
  }
  const others = existing.filter((reference) => reference.uid !== owner.metadata.uid);
  return { references: [...others, controllerReference(owner)] };
}
