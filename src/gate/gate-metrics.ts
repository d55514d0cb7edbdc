import { METRICS } from '../metrics/catalogue.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import { TOKEN_SOURCES, type TokenSource } from './token-count.ts';

/** How a generation request ended. */
export type Outcome = 'ok' | 'refused' | 'client_error' | 'engine_error' | 'cancelled';
const OUTCOMES: readonly Outcome[] = ['ok', 'refused', 'client_error', 'engine_error', 'cancelled'];

/** The series of one model, `flexinfer_gate_*` and the live rate. */
export class GateMetrics {
  readonly #series;
  readonly #replica;
  readonly #model;

  constructor(
    registry: MetricsRegistry,
    replica: { readonly model: string; readonly backend: string; readonly node: string },
  ) {
    this.#replica = replica;
    this.#model = { model: replica.model };
    this.#series = {
      rate: registry.gauge(METRICS.tokensPerSecond),
      tokens: registry.counter(METRICS.gateTokens),
      source: registry.gauge(METRICS.gateTokenSource),
      inFlight: registry.gauge(METRICS.gateRequestsInFlight),
      waiting: registry.gauge(METRICS.gateRequestsWaiting),
      requests: registry.counter(METRICS.gateRequests),
    };
    for (const outcome of OUTCOMES) this.#series.requests.add({ ...this.#model, outcome }, 0);
  }

  ended(outcome: Outcome): void {
    this.#series.requests.add({ ...this.#model, outcome }, 1);
  }

  tokens(more: number): void {
    this.#series.tokens.add(this.#replica, more);
  }

  refresh(now: { inFlight: number; waiting: number; rate: number | undefined; source: TokenSource | undefined }): void {
    this.#series.inFlight.set(this.#replica, now.inFlight);
    this.#series.waiting.set(this.#replica, now.waiting);
    this.#series.rate.set(this.#replica, now.rate);
    for (const source of TOKEN_SOURCES) {
      this.#series.source.set({ ...this.#model, source }, source === now.source ? 1 : undefined);
    }
  }

  /** The model is gone: what is no longer known leaves the page. */
  forget(): void {
    this.#series.inFlight.remove(this.#replica);
    this.#series.waiting.remove(this.#replica);
    this.#series.rate.remove(this.#replica);
    for (const source of TOKEN_SOURCES) this.#series.source.remove({ ...this.#model, source });
  }
}
