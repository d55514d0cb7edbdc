import { type KubeObject, keyOf, type ObjectRef } from '../objects/object.ts';
import { PersistentMap } from './persistent-map.ts';

/** Under which values an object is found in an index, as the node's name for an index of pods by node. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

interface Index<T extends KubeObject> {
  readonly valuesOf: IndexFunction<T>;
  readonly objects: PersistentMap<PersistentMap<T>>;
}

/**
 * All objects of an informer at one moment. It never changes: an informer's next state is another snapshot, and the
 * objects in it are frozen.
 */
export class Snapshot<T extends KubeObject> {
  readonly #objects: PersistentMap<T>;
  readonly #indexes: ReadonlyMap<string, Index<T>>;

  private constructor(objects: PersistentMap<T>, indexes: ReadonlyMap<string, Index<T>>) {
    this.#objects = objects;
    this.#indexes = indexes;
  }

  static empty<T extends KubeObject>(indexes: Readonly<Record<string, IndexFunction<T>>> = {}): Snapshot<T> {
    return new Snapshot(
      PersistentMap.empty(),
      new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, { valuesOf, objects: PersistentMap.empty() }])),
    );
  }

  get size(): number {
    return this.#objects.size;
  }

  /** @param ref the object's name and namespace, or its key `namespace/name` */
  get(ref: ObjectRef | string): T | undefined {
    return this.#objects.get(typeof ref === 'string' ? ref : keyOf(ref));
  }

  /** All objects, in no particular order. */
  list(): readonly T[] {
    return this.#objects.values();
  }

  /**
   * The objects that index `name` holds under `value`.
   *
   * @throws TypeError for an index that the informer was not given
   */
  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new TypeError(`there is no index ${JSON.stringify(name)}`);
    return index.objects.get(value)?.values() ?? [];
  }

  /** The state after `object` has come or changed. */
  with(object: T): Snapshot<T> {
    const key = keyOf(object.metadata);
    return new Snapshot(this.#objects.set(key, object), this.#reindexed(key, this.#objects.get(key), object));
  }

  /** The state after the object of `key` has gone. */
  without(key: string): Snapshot<T> {
    const before = this.#objects.get(key);
    return before === undefined
      ? this
      : new Snapshot(this.#objects.delete(key), this.#reindexed(key, before, undefined));
  }

  #reindexed(key: string, before: T | undefined, after: T | undefined): ReadonlyMap<string, Index<T>> {
    if (this.#indexes.size === 0) return this.#indexes;
    const indexes = new Map<string, Index<T>>();
    for (const [name, { valuesOf, objects: old }] of this.#indexes) {
      let objects = old;
      for (const value of before === undefined ? [] : valuesOf(before)) {
        const rest = objects.get(value)?.delete(key);
        if (rest !== undefined) objects = rest.size === 0 ? objects.delete(value) : objects.set(value, rest);
      }
      for (const value of after === undefined ? [] : valuesOf(after)) {
        if (after !== undefined) {
          objects = objects.set(value, (objects.get(value) ?? PersistentMap.empty<T>()).set(key, after));
        }
      }
      indexes.set(name, { valuesOf, objects });
    }
    return indexes;
  }
}
