import type { Informer } from '../informer/informer.ts';
import { type KubeObject, keyOf } from '../objects/object.ts';
import { controllerOf } from '../objects/owner-references.ts';
import type { WorkQueue } from './work-queue.ts';

/**
 * Adds keys to a queue on every change of an informer's objects. A change counts for the keys of the object before and
 * after it, so that an object moving from one owner to another wakes both. Returns what ends it.
 *
 * @param keysOf default: the object's own key
 */
export function feed<T extends KubeObject>(
  queue: WorkQueue,
  informer: Informer<T>,
  keysOf: (object: T) => readonly string[] = (object) => [keyOf(object.metadata)],
): () => void {
  const add = (object: T) => {
    for (const key of keysOf(object)) queue.add(key);
  };
  return informer.addHandler({
    added: add,
    changed: (object, before) => {
      add(before);
      add(object);
    },
    deleted: add,
  });
}

/** For `feed`: the key of the object of `kind` that controls a child, as of the ModelX that owns a Deployment. */
export function controllerKey(apiGroup: string, kind: string): (child: KubeObject) => readonly string[] {
  return (child) => {
    const owner = controllerOf(child);
    if (owner === undefined || owner.kind !== kind || groupOf(owner.apiVersion) !== apiGroup) return [];
    return [keyOf({ namespace: child.metadata.namespace, name: owner.name })];
  };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
