import type { KubeObject } from './object.ts';

/** Whether `object` waits for `finalizer` before it can go. */
export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Whether somebody has asked to delete the object and only finalizers keep it. */
export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/**
 * A merge patch that adds `finalizer`; `undefined` when it is there, or when the object is being deleted, as the API
 * server then takes no new ones. A merge patch replaces the whole list, so it carries the version it was made from
 * and a list changed meanwhile is a conflict, not a loss.
 */
export function addingFinalizer(object: KubeObject, finalizer: string): object | undefined {
  if (hasFinalizer(object, finalizer) || isBeingDeleted(object)) return undefined;
  return finalizerPatch(object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** A merge patch that removes `finalizer`, with the same protection; `undefined` when it is not there. */
export function removingFinalizer(object: KubeObject, finalizer: string): object | undefined {
  if (!hasFinalizer(object, finalizer)) return undefined;
  return finalizerPatch(
    object,
    (object.metadata.finalizers ?? []).filter((each) => each !== finalizer),
  );
}

function finalizerPatch(object: KubeObject, finalizers: readonly string[]): object {
  const { resourceVersion, uid } = object.metadata;
  return { metadata: { resourceVersion, uid, finalizers: finalizers.length === 0 ? null : finalizers } };
}
