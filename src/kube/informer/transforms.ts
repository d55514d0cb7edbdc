import type { KubeObject } from '../objects/object.ts';

/**
 * Drops what costs memory and nobody here reads: the record of who set which field, and a copy of the object that
 * `kubectl apply` keeps in an annotation. Objects treated so must never be written back whole.
 */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _managed, ...metadata } = object.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } = metadata.annotations ?? {};
  return { ...object, metadata: metadata.annotations === undefined ? metadata : { ...metadata, annotations } };
}

/** Nodes list up to fifty images with all their names: half of a Node's size. */
export function withoutNodeImages<T extends KubeObject>(node: T): T {
  if (typeof node.status !== 'object' || node.status === null || !('images' in node.status)) return node;
  const { images: _images, ...status } = node.status;
  return { ...node, status };
}

/** Longer texts are rarely equal. */
const LONGEST_SHARED = 64;
/** Texts that occur once, as uids, must not pile up for ever. */
const MOST_SHARED = 20_000;

/**
 * A transform that keeps equal short texts of all objects in memory once. Saves about a third for nodes and pods, at
 * some 15 µs each.
 */
export function sharingTexts<T extends KubeObject>(): (object: T) => T {
  let shared = new Map<string, string>();
  const share = (value: unknown): unknown => {
    if (typeof value === 'string') {
      if (value.length > LONGEST_SHARED) return value;
      const known = shared.get(value);
      if (known !== undefined) return known;
      if (shared.size >= MOST_SHARED) shared = new Map();
      shared.set(value, value);
      return value;
    }
    if (Array.isArray(value)) return value.map(share);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, share(each)]));
  };
  return (object) => share(object) as T;
}
