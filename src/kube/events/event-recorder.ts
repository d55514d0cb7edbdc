import type { KubeObject, ObjectDraft } from '../objects/object.ts';
import type { KubeClient } from '../rest/kube-client.ts';
import { isNotFound, KubeError } from '../rest/kube-error.ts';
import { sleep } from '../time/clock.ts';
import { type Correlated, EventCorrelator } from './correlator.ts';
import { type EventSubject, type EventType, events, type Occurrence, subjectOf } from './event.ts';
import { RecentMap } from './recent-map.ts';

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** The program, as `flexinfer-manager`. */
  readonly component: string;
  /** The pod or host it runs on. */
  readonly instance: string;
  /** Told of every event that was given up. */
  readonly onError?: (error: unknown) => void;
}

interface Written {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
}

/** Events waiting to be sent; beyond that new ones are dropped, never the program slowed down. */
const QUEUE_LIMIT = 1_000;
const ATTEMPTS = 12;
const PAUSE_MS = 10_000;
const MESSAGE_LIMIT = 1_024;
/** So that the event's own name stays below 253 characters. */
const LONGEST_SUBJECT = 220;

/** Writes events in the background. Events are for people: losing one is no error, and nothing waits for them. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  readonly #written = new RecentMap<Written>(4_096);
  readonly #stop = new AbortController();
  readonly #queue: { readonly occurrence: Occurrence; readonly correlated: Correlated; readonly atMs: number }[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options.client.caller.clock);
  }

  /** @param about an object, or a reference to one that need not be read for this */
  record(about: KubeObject | EventSubject, type: EventType, reason: string, message: string): void {
    const subject = isObject(about) ? subjectOf(about) : about;
    const occurrence = { subject, type, reason, message: shortened(message) };
    const correlated = this.#correlator.correlate(occurrence);
    if (correlated === undefined || this.#stop.signal.aborted) return;
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#failed(new Error(`event ${reason} about ${subject.kind} ${subject.name} dropped: too many wait`));
      return;
    }
    this.#queue.push({ occurrence, correlated, atMs: this.#options.client.caller.clock.wallMs() });
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when everything recorded so far has been sent or given up. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** Gives up what has not been sent. */
  close(): void {
    this.#stop.abort();
  }

  async #send(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { occurrence, correlated, atMs } = next;
      try {
        await this.#sendOne(occurrence, correlated, atMs);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#failed(error);
      }
    }
  }

  async #sendOne(occurrence: Occurrence, correlated: Correlated, atMs: number): Promise<void> {
    const { clock, random } = this.#options.client.caller;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#write(occurrence, correlated, atMs);
      } catch (error) {
        // What the server understood and refused will be refused again.
        const hopeless = !(error instanceof KubeError) || (error.code >= 400 && error.code < 500 && error.code !== 429);
        if (hopeless || attempt >= ATTEMPTS) throw error;
        await sleep(clock, PAUSE_MS * (0.5 + random()), this.#stop.signal);
      }
    }
  }

  async #write(occurrence: Occurrence, { key, message }: Correlated, atMs: number): Promise<void> {
    const { client } = this.#options;
    const call = { signal: this.#stop.signal };
    const before = this.#written.get(key);
    const lastTimestamp = seconds(atMs);
    if (before !== undefined) {
      const count = before.count + 1;
      try {
        await client.mergePatch(events, before, { count, lastTimestamp, message }, call);
        this.#written.set(key, { ...before, count });
        return;
      } catch (error) {
        // Events live for an hour; then the count begins anew.
        if (!isNotFound(error)) throw error;
      }
    }
    const created = await client.create(events, this.#draft(occurrence, message, atMs), call);
    const { name, namespace = 'default' } = created.metadata;
    this.#written.set(key, { name, namespace, count: 1 });
  }

  #draft({ subject, type, reason }: Occurrence, message: string, atMs: number): ObjectDraft {
    const { client, component, instance } = this.#options;
    const suffix = `${atMs.toString(16)}${Math.floor(client.caller.random() * 2 ** 32).toString(16)}`;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${subject.name.slice(0, LONGEST_SUBJECT)}.${suffix}`,
        namespace: subject.namespace ?? 'default',
      },
      involvedObject: subject,
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: seconds(atMs),
      lastTimestamp: seconds(atMs),
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
    };
  }

  #failed(error: unknown): void {
    try {
      this.#options.onError?.(error);
    } catch {
      // A reporter that fails has nobody left to report to; the events that wait matter more.
      return;
    }
  }
}

function isObject(about: KubeObject | EventSubject): about is KubeObject {
  return 'metadata' in about;
}

/** RFC 3339 in whole seconds, as the type of these fields wants it. */
function seconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function shortened(message: string): string {
  return message.length <= MESSAGE_LIMIT ? message : `${message.slice(0, MESSAGE_LIMIT - 1)}…`;
}
