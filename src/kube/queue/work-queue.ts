import type { Clock } from '../time/clock.ts';
import { defaultRateLimiter, type RateLimiter } from './rate-limiter.ts';

/** What a queue tells about itself, for metrics. */
export interface QueueObserver {
  /** A key has joined the queue, which is now `depth` long. */
  readonly queued?: (depth: number) => void;
  /** A worker has taken a key that waited so long. */
  readonly started?: (waitedMs: number, depth: number) => void;
  /** A worker has finished a key after so long. */
  readonly finished?: (workedMs: number) => void;
  /** A key was put back for another attempt. */
  readonly retried?: () => void;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Default: `defaultRateLimiter`. */
  readonly limiter?: RateLimiter;
  readonly observer?: QueueObserver;
}

/**
 * A queue of keys with the rules of client-go's:
 *
 * - a key waits at most once, however often it is added;
 * - no two workers ever have the same key;
 * - a key added while a worker has it comes back after `done`, so no change is missed;
 * - keys come out in the order in which they went in.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #observer: QueueObserver;
  /** Keys ready to be taken, oldest first, with the time at which they joined. */
  readonly #ready = new Map<string, number>();
  /** Keys that workers have, with the time at which they took them. */
  readonly #processing = new Map<string, number>();
  /** Keys added again while a worker has them. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #idle: ((key: string | undefined) => void)[] = [];
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#limiter = options.limiter ?? defaultRateLimiter(options.clock);
    this.#observer = options.observer ?? {};
  }

  /** Keys ready to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Asks for `key` to be worked on as soon as a worker is free. */
  add(key: string): void {
    if (this.#shutDown || this.#ready.has(key)) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#enqueue(key);
  }

  /** As `add`, later. Of several times for one key the earliest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (!(delayMs > 0)) {
      this.add(key);
      return;
    }
    const dueMs = this.#clock.monotonicMs() + delayMs;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined && waiting.dueMs <= dueMs) return;
    waiting?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
  }

  /** As `add`, after a delay that grows with every failure of `key`, and is at least `atLeastMs`. */
  addRateLimited(key: string, atLeastMs = 0): void {
    this.#observer.retried?.();
    this.addAfter(key, Math.max(atLeastMs, this.#limiter.when(key)));
  }

  /** Ends the growth of the delays of `key`. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  /** Failures of `key` since it was last forgotten. */
  failures(key: string): number {
    return this.#limiter.failures(key);
  }

  /**
   * The next key, as soon as there is one; the caller must call `done` with it. `undefined` once the queue is shut
   * down and empty.
   */
  get(): Promise<string | undefined> {
    const next = this.#ready.keys().next();
    if (next.done !== true) return Promise.resolve(this.#take(next.value));
    if (this.#shutDown) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Gives back a key that `get` returned. */
  done(key: string): void {
    const takenMs = this.#processing.get(key);
    if (takenMs === undefined) throw new Error(`done(${JSON.stringify(key)}) without get()`);
    this.#processing.delete(key);
    this.#observer.finished?.(this.#clock.monotonicMs() - takenMs);
    // Also after shut-down: what was added before it is still handed out.
    if (this.#again.delete(key)) this.#enqueue(key);
  }

  /** Takes no more keys and drops delayed ones. What waits is still handed out, then workers get `undefined`. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const resolve of this.#idle.splice(0)) resolve(undefined);
  }

  #enqueue(key: string): void {
    this.#ready.set(key, this.#clock.monotonicMs());
    this.#observer.queued?.(this.#ready.size);
    const worker = this.#idle.shift();
    if (worker !== undefined) worker(this.#take(key));
  }

  #take(key: string): string {
    const nowMs = this.#clock.monotonicMs();
    const joinedMs = this.#ready.get(key) ?? nowMs;
    this.#ready.delete(key);
    this.#processing.set(key, nowMs);
    this.#observer.started?.(nowMs - joinedMs, this.#ready.size);
    return key;
  }
}
