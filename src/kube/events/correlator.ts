import type { Clock } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import type { Occurrence } from './event.ts';
import { RecentMap } from './recent-map.ts';

/** client-go's numbers. */
const REMEMBERED = 4_096;
const SIMILAR_LIMIT = 10;
const SIMILAR_WINDOW_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_PER_SECOND = 1 / 300;

/** What to do about an occurrence: write event `key` with this message; `undefined` from `correlate`: nothing. */
export interface Correlated {
  /** Equal for occurrences that belong in one event. */
  readonly key: string;
  readonly message: string;
}

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

/**
 * Decides which occurrences become events, so that a loop gone wild cannot flood the cluster:
 *
 * - equal occurrences are one event with a count;
 * - from the tenth different message on, within ten minutes, events that differ in nothing else are combined;
 * - an object gets 25 events at once, then one every five minutes.
 */
export class EventCorrelator {
  readonly #clock: Clock;
  readonly #similar = new RecentMap<Similar>(REMEMBERED);
  readonly #spam = new RecentMap<TokenBucket>(REMEMBERED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  correlate(occurrence: Occurrence): Correlated | undefined {
    const { subject, type, reason, message } = occurrence;
    const object = JSON.stringify([subject.apiVersion, subject.kind, subject.namespace, subject.name, subject.uid]);
    const group = JSON.stringify([object, subject.fieldPath, type, reason]);
    const combined = this.#countSimilar(group, message) >= SIMILAR_LIMIT;
    if (!this.#bucketOf(object).tryTake()) return undefined;
    return combined
      ? { key: group, message: `(combined from similar events): ${message}` }
      : { key: JSON.stringify([group, message]), message };
  }

  #countSimilar(group: string, message: string): number {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#similar.get(group);
    const similar =
      known === undefined || nowMs - known.lastMs > SIMILAR_WINDOW_MS
        ? { messages: new Set<string>(), lastMs: nowMs }
        : known;
    // Ten are remembered, not thousands.
    if (similar.messages.size < SIMILAR_LIMIT) similar.messages.add(message);
    similar.lastMs = nowMs;
    this.#similar.set(group, similar);
    return similar.messages.size;
  }

  #bucketOf(object: string): TokenBucket {
    const known = this.#spam.get(object);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ perSecond: SPAM_PER_SECOND, burst: SPAM_BURST }, this.#clock);
    this.#spam.set(object, bucket);
    return bucket;
  }
}
