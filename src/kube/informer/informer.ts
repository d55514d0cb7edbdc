import { type KubeObject, keyOf, type ObjectRef } from '../objects/object.ts';
import type { Resource } from '../objects/resource.ts';
import { compareResourceVersions } from '../objects/resource-version.ts';
import type { KubeClient, Selection } from '../rest/kube-client.ts';
import { freeze } from './freeze.ts';
import { Reflector } from './reflector.ts';
import { type IndexFunction, Snapshot } from './snapshot.ts';
import type { WatchOptions } from './watch.ts';

/**
 * Whom an informer tells about changes, one after another, in the order in which they happened. Handlers are called
 * synchronously and should do little more than add a key to a work queue. What they throw is reported and harms
 * nobody.
 */
export interface ChangeHandler<T extends KubeObject> {
  /** @param initial whether the object was there before the handler, or the informer, began to listen */
  readonly added?: (object: T, initial: boolean) => void;
  readonly changed?: (object: T, before: T) => void;
  /** @param last the last state known, which may be older than the very last if the deletion itself was missed */
  readonly deleted?: (last: T) => void;
}

export interface InformerOptions<T extends KubeObject> extends Selection {
  /** Makes objects smaller before they are kept; see `transforms.ts`. Must not change its argument. */
  readonly transform?: (object: T) => T;
  /** Indexes by name; a function must depend on nothing but its argument. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Told of every failure, of the connection or of a handler; the informer goes on in any case. */
  readonly onError?: (error: unknown) => void;
  /** Default true: WatchList where the server offers it. */
  readonly watchList?: boolean;
  /** For tests and unusual networks. */
  readonly watch?: Pick<WatchOptions, 'silenceLimitMs' | 'timeoutSeconds'>;
}

/** A local copy of the objects of one kind that follows the cluster for as long as it runs. */
export class Informer<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly #reflector: Reflector<T>;
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #onError: (error: unknown) => void;
  #snapshot: Snapshot<T>;
  #synced = false;
  readonly #syncWaiters = new Set<() => void>();

  constructor(client: KubeClient, resource: Resource<T>, options: InformerOptions<T> = {}) {
    this.resource = resource;
    this.#snapshot = Snapshot.empty(options.indexes);
    this.#onError = options.onError ?? (() => undefined);
    const { transform } = options;
    this.#reflector = new Reflector(
      client,
      resource,
      {
        ...options,
        prepare: (object) => freeze(transform === undefined ? object : transform(object)),
        watchList: options.watchList ?? true,
        watch: options.watch ?? {},
      },
      {
        replace: (objects) => this.#replace(objects),
        changed: (object) => this.#put(object, false),
        deleted: (object) => this.#remove(object),
        failed: (error) => this.#report(error),
      },
    );
  }

  /** Follows the cluster until the signal aborts; then resolves. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /** Whether the complete state has been read once. Before that, an object not found may well exist. */
  get hasSynced(): boolean {
    return this.#synced;
  }

  /** Resolves when `hasSynced`, or rejects with the signal's reason. */
  waitForSync(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#synced) resolve();
      else if (signal.aborted) reject(signal.reason);
      else {
        const done = () => {
          this.#syncWaiters.delete(done);
          signal.removeEventListener('abort', done);
          if (this.#synced) resolve();
          else reject(signal.reason);
        };
        this.#syncWaiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      }
    });
  }

  /** The newest state. It stays as it is when the informer goes on. */
  snapshot(): Snapshot<T> {
    return this.#snapshot;
  }

  get(ref: ObjectRef | string): T | undefined {
    return this.#snapshot.get(ref);
  }

  /** Adds a handler, which is first told of all objects known now. Returns what removes it. */
  addHandler(handler: ChangeHandler<T>): () => void {
    for (const object of this.#snapshot.list()) this.#call(() => handler.added?.(object, true));
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  #replace(objects: readonly T[]): void {
    const initial = !this.#synced;
    const present = new Set(objects.map((object) => keyOf(object.metadata)));
    for (const object of this.#snapshot.list()) {
      if (!present.has(keyOf(object.metadata))) this.#remove(object);
    }
    for (const object of objects) this.#put(object, initial, true);
    this.#synced = true;
    for (const waiter of this.#syncWaiters) waiter();
  }

  /** @param authoritative whether the object comes from a complete list, which is right even if it goes back in time */
  #put(object: T, initial: boolean, authoritative = false): void {
    const before = this.#snapshot.get(object.metadata);
    if (before === undefined) {
      this.#snapshot = this.#snapshot.with(object);
      this.#tell((handler) => handler.added?.(object, initial));
      return;
    }
    const order = compareResourceVersions(object.metadata.resourceVersion, before.metadata.resourceVersion);
    const same = object.metadata.uid === before.metadata.uid;
    if (same && order === 0) return;
    const older = same && order !== undefined && order < 0;
    if (older && !authoritative) return;
    if (!same || older) {
      // Deleted and made again unseen, or the cluster was restored from a backup: an end and a beginning, so that no
      // handler sees one object grow younger.
      this.#remove(before);
      this.#put(object, initial);
      return;
    }
    this.#snapshot = this.#snapshot.with(object);
    this.#tell((handler) => handler.changed?.(object, before));
  }

  #remove(object: T): void {
    const key = keyOf(object.metadata);
    const before = this.#snapshot.get(key);
    // Of two objects of one name only the one that is known can be missed.
    if (before === undefined || before.metadata.uid !== object.metadata.uid) return;
    this.#snapshot = this.#snapshot.without(key);
    this.#tell((handler) => handler.deleted?.(object));
  }

  #tell(call: (handler: ChangeHandler<T>) => void): void {
    for (const handler of this.#handlers) this.#call(() => call(handler));
  }

  #call(handler: () => unknown): void {
    try {
      const result = handler();
      // An async handler is allowed by the types; its failure must not become an unhandled rejection.
      if (result instanceof Promise) result.catch((error: unknown) => this.#report(error));
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch {
      // A reporter that fails has nobody left to report to; following the cluster matters more.
      return;
    }
  }
}
