import type { Clock } from '../api/clock.ts';
import { RateMeter } from '../metrics/rate-meter.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import { Admission } from './admission.ts';
import { EngineConnection } from './engine-connection.ts';
import { GateMetrics, type Outcome } from './gate-metrics.ts';
import type { GateLimits, GateModel } from './options.ts';
import type { AnswerCount, TokenSource } from './token-count.ts';
import { TokenLedger } from './token-ledger.ts';

const DEFAULT_PLACES = 64;
const COUNTERS_TIMEOUT_MS = 2_000;

/** A model behind the gate while it is served: its places, its counts, whether it answers. */
export class ServedModel {
  readonly config: GateModel;
  readonly engine: EngineConnection;
  readonly admission: Admission;
  readonly #clock: Clock;
  readonly #ledger = new TokenLedger();
  readonly #meter = new RateMeter();
  readonly #metrics: GateMetrics;
  #ready = false;
  #started = 0;
  #published = 0;
  #answerSource: TokenSource | undefined;
  #engineCounts = false;
  #sampling = false;

  constructor(config: GateModel, limits: GateLimits, clock: Clock, registry: MetricsRegistry) {
    this.config = config;
    this.#clock = clock;
    this.admission = new Admission(config.maxConcurrent ?? DEFAULT_PLACES, limits.queue, limits.queueMs);
    this.engine = new EngineConnection(config.engineOrigin, limits.engineMs);
    const { name, label, backend, node } = config;
    this.#metrics = new GateMetrics(registry, { model: label ?? name, backend, node });
    this.#publish();
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** What the counts rest on; `undefined` before anything was counted. */
  get tokenSource(): TokenSource | undefined {
    return this.#engineCounts ? 'engine' : this.#answerSource;
  }

  setReady(ready: boolean): void {
    this.#ready = ready;
    // While the engine is away nothing is known about its speed.
    this.#meter.sample(this.#clock.monotonicMs(), ready ? this.#ledger.total : undefined);
  }

  liveRate(): number | undefined {
    return this.#ready ? this.#meter.rate(this.#clock.monotonicMs()) : undefined;
  }

  requestStarted(): void {
    this.#started += 1;
  }

  requestEnded(outcome: Outcome): void {
    this.#metrics.ended(outcome);
  }

  /**
   * A function that books what an answer's count grew by since it was last called. What the answer says in one piece at
   * its end was made during the whole of it.
   */
  bookkeeper(count: AnswerCount, startedMs: number): () => void {
    let booked = { tokens: 0, source: count.source, atMs: startedMs };
    return () => {
      if (count.tokens === booked.tokens) return;
      const atMs = this.#clock.monotonicMs();
      const before = this.#ledger.total;
      this.#ledger.add(count.tokens - booked.tokens);
      const fromMs = count.source === booked.source ? booked.atMs : startedMs;
      this.#meter.spread(fromMs, atMs, this.#ledger.total - before);
      this.#answerSource = count.source;
      this.#publish();
      booked = { tokens: count.tokens, source: count.source, atMs };
    };
  }

  /**
   * One sample for the live rate; asks the engine's counter first, where there is one. Does nothing while the sample before
   * is still waiting: of two answers in the wrong order the older would look like a restart of the engine.
   */
  async sample(signal: AbortSignal): Promise<void> {
    if (this.#sampling) return;
    this.#sampling = true;
    try {
      if (this.config.counters !== undefined) await this.#askEngine(this.config.counters, signal);
      if (this.#ready) this.#meter.sample(this.#clock.monotonicMs(), this.#ledger.total);
    } finally {
      this.#sampling = false;
    }
  }

  async #askEngine(counters: NonNullable<GateModel['counters']>, signal: AbortSignal): Promise<void> {
    const startedBefore = this.#started;
    const restedBefore = this.admission.inFlight === 0;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(COUNTERS_TIMEOUT_MS)]);
    // An engine that does not tell, or not in time, is an engine without counters for this sample.
    const answer = await Promise.race([counters(limit), aborted(limit)]).catch(() => undefined);
    const rested = restedBefore && this.admission.inFlight === 0 && this.#started === startedBefore;
    this.#engineCounts = answer !== undefined;
    this.#ledger.engineSample(answer?.generatedTokens, rested);
    this.#publish();
  }

  refreshMetrics(): void {
    this.#metrics.refresh({
      inFlight: this.admission.inFlight,
      waiting: this.admission.waiting,
      rate: this.liveRate(),
      source: this.tokenSource,
    });
  }

  close(): void {
    this.admission.close();
    this.#metrics.forget();
    this.engine.close();
  }

  #publish(): void {
    this.#metrics.tokens(this.#ledger.total - this.#published);
    this.#published = this.#ledger.total;
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
