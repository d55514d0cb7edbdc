import type { CallOptions } from '../rest/api-caller.ts';
import type { KubeClient } from '../rest/kube-client.ts';
import { isNotFound } from '../rest/kube-error.ts';
import { sleep } from '../time/clock.ts';
import { type Leadership, LeadershipLostError, Term } from './leadership.ts';
import { isHeldByOther, type Lease, type LeaseObservation, leases, observe, releasedSpec, takenSpec } from './lease.ts';

export interface LeaderElectorOptions {
  readonly client: KubeClient;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Unlike that of every other candidate and of every earlier run of this one: host name and a random part. */
  readonly identity: string;
  /** How long others wait for a holder that does not renew; default 15 s. */
  readonly leaseDurationMs?: number;
  /** How long the holder goes on without a renewal; default 10 s. The difference to the above is for slow writes. */
  readonly renewDeadlineMs?: number;
  /** Between attempts; default 2 s. */
  readonly retryPeriodMs?: number;
  /** Told when another candidate (or this one) is seen to lead. */
  readonly onLeader?: (identity: string) => void;
  /** Told of every failed attempt. */
  readonly onError?: (error: unknown) => void;
}

/** Candidates that wait do so up to this much longer, at random, so that they do not ask together. */
const JITTER = 1.2;

/**
 * Leader election by a Lease, with client-go's rules: whoever holds it renews it; whoever sees it unchanged for the
 * lease duration, by its own clock, takes it. No clock is compared with another's, and no wall clock counts.
 */
export class LeaderElector {
  readonly #options: Required<Omit<LeaderElectorOptions, 'onLeader' | 'onError'>>;
  readonly #onLeader: (identity: string) => void;
  readonly #onError: (error: unknown) => void;
  #observation: LeaseObservation | undefined;
  #reportedLeader: string | undefined;

  constructor(options: LeaderElectorOptions) {
    const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * JITTER && retryPeriodMs > 0)) {
      throw new RangeError(
        `leader election needs leaseDurationMs > renewDeadlineMs > ${JITTER} retryPeriodMs > 0, ` +
          `not ${leaseDurationMs}, ${renewDeadlineMs} and ${retryPeriodMs}`,
      );
    }
    // Renewals must not queue behind the work of the leader.
    const client = options.client.withRateLimit(false);
    this.#options = { ...options, client, leaseDurationMs, renewDeadlineMs, retryPeriodMs };
    this.#onLeader = options.onLeader ?? (() => undefined);
    this.#onError = options.onError ?? (() => undefined);
  }

  /**
   * Waits for leadership, then runs `lead`. Resolves after `lead` has returned, or after the signal has aborted and
   * `lead` with it; the lease is then given back.
   *
   * @throws LeadershipLostError when leadership is lost meanwhile; `lead` may then still be ending, and the process
   * should exit
   */
  async run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    const term = await this.#win(signal);
    if (term === undefined) return;
    const stop = () => term.end('the process is ending');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const renewing = this.#keep(term);
    try {
      const leading = lead(term);
      // Whoever loses leadership must not wait for work that may not hear of it.
      await Promise.race([leading, renewing.then(() => (signal.aborted ? leading : undefined))]);
      if (term.signal.aborted && !signal.aborted) throw term.signal.reason;
    } finally {
      signal.removeEventListener('abort', stop);
      const held = term.holds() || signal.aborted;
      term.end('the work is done');
      await renewing;
      if (held) await this.#release();
    }
  }

  /** Resolves with the term won, or with nothing when the signal aborts first. */
  async #win(signal: AbortSignal): Promise<Term | undefined> {
    const { client, identity, renewDeadlineMs, retryPeriodMs } = this.#options;
    const { clock, random } = client.caller;
    while (!signal.aborted) {
      const sentMs = clock.monotonicMs();
      const lease = await this.#attempt(signal, renewDeadlineMs / 2);
      if (lease !== undefined) {
        return new Term(identity, lease.spec?.leaseTransitions ?? 0, renewDeadlineMs, sentMs, clock);
      }
      await quietSleep(client, retryPeriodMs * (1 + random() * JITTER), signal);
    }
    return undefined;
  }

  /** Renews until the term ends; never rejects. */
  async #keep(term: Term): Promise<void> {
    const { client, identity, renewDeadlineMs, retryPeriodMs } = this.#options;
    const { clock } = client.caller;
    for (;;) {
      await quietSleep(client, retryPeriodMs, term.signal);
      if (term.signal.aborted) return;
      if (!term.holds()) return term.end('the lease could not be renewed in time');
      const sentMs = clock.monotonicMs();
      const lease = await this.#attempt(term.signal, renewDeadlineMs / 2);
      if (term.signal.aborted) return;
      if (lease !== undefined && lease.spec?.leaseTransitions === term.transitions) term.renewed(sentMs);
      else if (lease !== undefined || this.#holder() !== identity) return term.end('the lease went to another');
    }
  }

  #holder(): string | undefined {
    return this.#observation?.lease.spec?.holderIdentity;
  }

  /** Takes or renews the lease if that is allowed; the lease then, otherwise nothing. Never rejects. */
  async #attempt(signal: AbortSignal, timeoutMs: number): Promise<Lease | undefined> {
    const { client, lease: ref, identity, leaseDurationMs } = this.#options;
    const { clock } = client.caller;
    const call = { signal, timeoutMs, retry: false };
    try {
      let current: Lease;
      try {
        current = await client.get(leases, ref, call);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return this.#observed(await this.#create(call));
      }
      this.#observed(current);
      const { monotonicMs, wallMs } = clock;
      const observation = this.#observation;
      if (observation === undefined || isHeldByOther(observation, identity, monotonicMs(), leaseDurationMs))
        return undefined;
      const spec = takenSpec(current.spec, identity, leaseDurationMs, wallMs());
      // With the version it was read at: of two candidates one gets a conflict.
      return this.#observed(await client.update(leases, { ...current, spec }, call));
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
      return undefined;
    }
  }

  #create(call: CallOptions): Promise<Lease> {
    const { client, lease, identity, leaseDurationMs } = this.#options;
    const spec = takenSpec(undefined, identity, leaseDurationMs, client.caller.clock.wallMs());
    const draft = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: lease, spec };
    return client.create(leases, draft, call);
  }

  #observed(lease: Lease): Lease {
    this.#observation = observe(this.#observation, lease, this.#options.client.caller.clock.monotonicMs());
    const holder = lease.spec?.holderIdentity;
    if (holder !== undefined && holder !== '' && holder !== this.#reportedLeader) {
      this.#reportedLeader = holder;
      this.#onLeader(holder);
    }
    return lease;
  }

  async #release(): Promise<void> {
    const { client, identity, lease: ref, renewDeadlineMs } = this.#options;
    const observed = this.#observation?.lease;
    if (observed?.spec?.holderIdentity !== identity) return;
    const spec = releasedSpec(observed.spec, client.caller.clock.wallMs());
    const call = { signal: new AbortController().signal, timeoutMs: renewDeadlineMs / 2 };
    try {
      await client.update(leases, { ...observed, spec }, call);
    } catch (error) {
      // Then the others wait for it to run out.
      this.#onError(new LeadershipLostError(`the lease ${ref.name} could not be given back`, { cause: error }));
    }
  }
}

/** Sleeps, or returns early when the signal aborts. */
async function quietSleep(client: KubeClient, delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(client.caller.clock, delayMs, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
