import { type KubeObject, keyOf } from '../objects/object.ts';
import type { Resource } from '../objects/resource.ts';
import type { KubeClient, Selection } from '../rest/kube-client.ts';
import { hasReason, isExpired, isTooLargeResourceVersion, KubeError } from '../rest/kube-error.ts';
import { Backoff, WATCH_BACKOFF } from '../time/backoff.ts';
import { sleep } from '../time/clock.ts';
import { type WatchOptions, watch } from './watch.ts';
import type { WatchEvent } from './watch-event.ts';

/** Where a reflector puts what it learns, in order. */
export interface ReflectorSink<T extends KubeObject> {
  /** The complete state. */
  readonly replace: (objects: readonly T[]) => void;
  readonly changed: (object: T) => void;
  readonly deleted: (object: T) => void;
  /** Something went wrong, and is being tried again. */
  readonly failed: (error: unknown) => void;
}

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  /** Applied to every object before anything else sees it. */
  readonly prepare: (object: T) => T;
  /** `false`: never ask for WatchList. */
  readonly watchList: boolean;
  readonly watch: Pick<WatchOptions, 'silenceLimitMs' | 'timeoutSeconds'>;
}

/** A watch that ends sooner than this without an event is no service but a fault. */
const SHORTEST_USEFUL_WATCH_MS = 1_000;
/** How long the initial events of WatchList may take, until a plain list is tried instead. */
const INITIAL_EVENTS_LIMIT_MS = 60_000;
/** A server that refused WatchList is asked again after this long; it may have been upgraded. */
const WATCH_LIST_AGAIN_MS = 600_000;

/**
 * Follows the objects of one kind for ever: reads them all, then watches from there, and begins anew wherever that
 * breaks. The rules are those of client-go's reflector.
 */
export class Reflector<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #resource: Resource<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #sink: ReflectorSink<T>;
  readonly #backoff: Backoff;
  /** The newest version seen; `undefined` before the first list. */
  #version: string | undefined;
  #mustList = true;
  /** The server no longer has, or does not have yet, the version we know: ask for the newest state. */
  #versionUnavailable = false;
  #noWatchListUntilMs = Number.NEGATIVE_INFINITY;
  /** Whether the version has expired once already since the last useful watch. */
  #expiredBefore = false;

  constructor(client: KubeClient, resource: Resource<T>, options: ReflectorOptions<T>, sink: ReflectorSink<T>) {
    this.#client = client;
    this.#resource = resource;
    this.#options = options;
    this.#sink = sink;
    this.#backoff = new Backoff(WATCH_BACKOFF, client.caller.clock, client.caller.random);
  }

  /** Runs until the signal aborts, and then resolves. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#once(signal);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  /** One list, if needed, and one watch until it ends. */
  async #once(signal: AbortSignal): Promise<void> {
    if (this.#mustList && this.#watchListAllowed() && (await this.#watchList(signal))) return;
    if (this.#mustList) await this.#list(signal);
    await this.#watch(signal);
  }

  #watchListAllowed(): boolean {
    return this.#options.watchList && this.#client.caller.clock.monotonicMs() >= this.#noWatchListUntilMs;
  }

  /** What a list may not be older than: any state at first, then what we have seen, and the newest after trouble. */
  #wantedVersion(atFirst: string): string {
    if (this.#versionUnavailable) return '';
    return this.#version ?? atFirst;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { namespace, labelSelector, fieldSelector, prepare } = this.#options;
    const resourceVersion = this.#wantedVersion('0');
    const selection = { namespace, labelSelector, fieldSelector, signal };
    try {
      const page = await this.#client.listAll(this.#resource, {
        ...selection,
        ...(resourceVersion === '' ? {} : { resourceVersion }),
        prepare,
      });
      this.#listed(page.items, page.resourceVersion);
    } catch (error) {
      const unavailable = isExpired(error) || isTooLargeResourceVersion(error);
      if (!unavailable || resourceVersion === '') throw error;
      this.#versionUnavailable = true;
      await this.#list(signal);
    }
  }

  #listed(objects: readonly T[], version: string): void {
    // First, so that a sink that fails at it is given the list again.
    this.#sink.replace(objects);
    this.#version = version;
    this.#versionUnavailable = false;
    this.#mustList = false;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#client.caller;
    const startedMs = clock.monotonicMs();
    let events = 0;
    const useful = () => events > 0 || clock.monotonicMs() - startedMs >= SHORTEST_USEFUL_WATCH_MS;
    try {
      for await (const event of this.#open(signal, this.#version ?? '', false)) {
        events += 1;
        this.#follow(event);
      }
    } catch (error) {
      if (!useful()) throw error;
      this.#forgiveInterruption(error);
      return;
    }
    if (!useful()) throw new KubeError(`watch of ${this.#resource.plural}: ended at once`, { reason: 'Interrupted' });
  }

  /** Connections break; that is no sign of a server in trouble, and the next attempt will tell. */
  #forgiveInterruption(error: unknown): void {
    if (!hasReason(error, 'Interrupted')) throw error;
    this.#sink.failed(error);
  }

  /**
   * List and watch in one stream.
   *
   * @returns false when the server does not offer it
   */
  async #watchList(signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#client.caller;
    const limit = new AbortController();
    const cancelLimit = clock.after(INITIAL_EVENTS_LIMIT_MS, () =>
      limit.abort(new KubeError('the initial events did not end', { reason: 'DeadlineExceeded' })),
    );
    const initial = new Map<string, T>();
    let complete = false;
    try {
      const either = AbortSignal.any([signal, limit.signal]);
      for await (const event of this.#open(either, this.#wantedVersion(''), true)) {
        if (complete) this.#follow(event);
        else if (event.type === 'DELETED') initial.delete(keyOf(event.object.metadata));
        else if (event.type !== 'BOOKMARK')
          initial.set(keyOf(event.object.metadata), this.#options.prepare(event.object));
        else if (event.initialEventsEnd) {
          cancelLimit();
          complete = true;
          this.#listed([...initial.values()], event.resourceVersion);
          initial.clear();
        }
      }
      return complete;
    } catch (error) {
      if (complete) {
        this.#forgiveInterruption(error);
        return true;
      }
      if (signal.aborted || !this.#fallsBack(error)) throw error;
      this.#noWatchListUntilMs = clock.monotonicMs() + WATCH_LIST_AGAIN_MS;
      return false;
    } finally {
      cancelLimit();
    }
  }

  /** Whether a failed WatchList may mean that a plain list would have worked. */
  #fallsBack(error: unknown): boolean {
    if (isExpired(error) || isTooLargeResourceVersion(error)) return false;
    if (hasReason(error, 'DeadlineExceeded')) return true;
    // A plain list would fare no better with these.
    return error instanceof KubeError && error.code >= 400 && ![401, 403, 404, 429].includes(error.code);
  }

  #open(signal: AbortSignal, resourceVersion: string, initialEvents: boolean): AsyncGenerator<WatchEvent<T>> {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return watch(this.#client, this.#resource, {
      namespace,
      labelSelector,
      fieldSelector,
      signal,
      resourceVersion,
      initialEvents,
      ...this.#options.watch,
    });
  }

  #follow(event: WatchEvent<T>): void {
    this.#expiredBefore = false;
    if (event.type === 'BOOKMARK') {
      this.#version = event.resourceVersion;
      return;
    }
    const object = this.#options.prepare(event.object);
    if (event.type === 'DELETED') this.#sink.deleted(object);
    else this.#sink.changed(object);
    // Last, so that an event is never passed over because somebody failed at it.
    this.#version = event.object.metadata.resourceVersion;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.#sink.failed(error);
    if (isExpired(error) || isTooLargeResourceVersion(error)) {
      this.#mustList = true;
      this.#versionUnavailable = true;
      // A clear answer, to which a new list is the remedy; but a list that is too old at once must not be a loop.
      const first = !this.#expiredBefore;
      this.#expiredBefore = true;
      if (first) return;
    } else if (hasReason(error, 'BadAnswer', 'TooLarge')) {
      // What such an event would have said is unknown, so nothing but a new list can be trusted.
      this.#mustList = true;
    }
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    try {
      await sleep(this.#client.caller.clock, Math.max(askedMs, this.#backoff.next()), signal);
    } catch (aborted) {
      if (!signal.aborted) throw aborted;
    }
  }
}
