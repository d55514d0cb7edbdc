/**
 * Every metric of FlexInfer, defined once. Names and labels are a contract: dashboards and autoscalers depend on them.
 *
 * Base units; `_ratio` for fractions; `_total` only for counters; no label with a URL, tag, digest or text of unbounded
 * variety. Unknown is an absent series, never 0 and never NaN.
 */
export interface MetricDefinition {
  readonly name: `flexinfer_${string}`;
  readonly kind: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
}

/** One replica of a model: `model` is `namespace/name` on a cluster and the name alone on one machine. */
const REPLICA = ['model', 'backend', 'node'] as const;

export const METRICS = {
  tokensPerSecond: {
    name: 'flexinfer_tokens_per_second',
    kind: 'gauge',
    help: 'Tokens generated per second, averaged over the last minute; absent while less than 30 s are known.',
    labels: REPLICA,
  },
  gateTokens: {
    name: 'flexinfer_gate_tokens_total',
    kind: 'counter',
    help: 'Tokens the model generated behind the gate.',
    labels: REPLICA,
  },
  gateTokenSource: {
    name: 'flexinfer_gate_token_source_info',
    kind: 'gauge',
    help: 'What the latest token count rests on: engine (counters of the engine), usage (the usage field of answers) or chunks (pieces of a stream counted).',
    labels: ['model', 'source'],
  },
  gateRequestsInFlight: {
    name: 'flexinfer_gate_requests_in_flight',
    kind: 'gauge',
    help: 'Generation requests that the engine is working on.',
    labels: REPLICA,
  },
  gateRequestsWaiting: {
    name: 'flexinfer_gate_requests_waiting',
    kind: 'gauge',
    help: 'Generation requests that wait in the gate for a place in the engine.',
    labels: REPLICA,
  },
  gateRequests: {
    name: 'flexinfer_gate_requests_total',
    kind: 'counter',
    help: 'Generation requests that ended, by how they ended.',
    labels: ['model', 'outcome'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
