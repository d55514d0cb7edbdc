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
/** One GPU of a node: `gpu` is its position in PCI-address order over all that should be there. */
const GPU = ['gpu', 'node'] as const;

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
  gpuTemperature: {
    name: 'flexinfer_gpu_temperature_celsius',
    kind: 'gauge',
    help: "Temperature of a GPU as its vendor's driver reports it; on AMD the edge sensor, else the junction.",
    labels: GPU,
  },
  gpuUtilization: {
    name: 'flexinfer_gpu_utilization_ratio',
    kind: 'gauge',
    help: 'Share of the time, 0 to 1, in which a GPU was working.',
    labels: GPU,
  },
  gpuMemoryTotal: {
    name: 'flexinfer_gpu_memory_total_bytes',
    kind: 'gauge',
    help: 'Memory of a GPU, or of its smallest part when it is divided.',
    labels: GPU,
  },
  gpuMemoryUsed: {
    name: 'flexinfer_gpu_memory_used_bytes',
    kind: 'gauge',
    help: 'Memory of a GPU that is in use.',
    labels: GPU,
  },
  gpuMemoryFree: {
    name: 'flexinfer_gpu_memory_free_bytes',
    kind: 'gauge',
    help: 'Memory of a GPU that is free.',
    labels: GPU,
  },
  gpuPower: {
    name: 'flexinfer_gpu_power_watts',
    kind: 'gauge',
    help: 'Power a GPU draws.',
    labels: GPU,
  },
  gpuPowerLimit: {
    name: 'flexinfer_gpu_power_limit_watts',
    kind: 'gauge',
    help: 'Power a GPU is held to.',
    labels: GPU,
  },
  gpuInfo: {
    name: 'flexinfer_gpu_info',
    kind: 'gauge',
    help: 'Always 1; the labels say which device a number stands for. An empty label is unknown.',
    labels: ['gpu', 'node', 'uuid', 'pci_bus_id', 'vendor', 'product', 'arch', 'driver_version'],
  },
  gpuHealth: {
    name: 'flexinfer_gpu_health',
    kind: 'gauge',
    help: 'Always 1; state is ok, degraded, lost or unknown.',
    labels: ['gpu', 'node', 'state'],
  },
  cpuUtilization: {
    name: 'flexinfer_cpu_utilization_ratio',
    kind: 'gauge',
    help: 'Share of the time, 0 to 1, in which the processors of a node were working, since the cycle before.',
    labels: ['node'],
  },
  agentGpus: {
    name: 'flexinfer_agent_gpus',
    kind: 'gauge',
    help: 'GPUs of a node: expected (on the bus), visible (they answer), usable (models may be placed on them).',
    labels: ['node', 'state'],
  },
  agentProbeSuccess: {
    name: 'flexinfer_agent_probe_success',
    kind: 'gauge',
    help: 'Whether the last look at a source of facts succeeded, 1 or 0.',
    labels: ['node', 'source'],
  },
  agentProbeDuration: {
    name: 'flexinfer_agent_probe_duration_seconds',
    kind: 'histogram',
    help: 'How long a look at a source of facts took.',
    labels: ['node', 'source'],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 15],
  },
  agentLastSuccess: {
    name: 'flexinfer_agent_last_success_timestamp_seconds',
    kind: 'gauge',
    help: 'When a look at a source of facts last succeeded, in seconds since 1970.',
    labels: ['node', 'source'],
  },
  agentProbeErrors: {
    name: 'flexinfer_agent_probe_errors_total',
    kind: 'counter',
    help: 'Things that went wrong while looking, by reason.',
    labels: ['node', 'source', 'reason'],
  },
  agentLabelWrites: {
    name: 'flexinfer_agent_label_writes_total',
    kind: 'counter',
    help: 'Attempts to change the labels of the Node, by how they ended.',
    labels: ['node', 'result'],
  },
  agentLabelConflicts: {
    name: 'flexinfer_agent_label_conflicts_total',
    kind: 'counter',
    help: 'Labels that were found to hold the value of somebody else and were left alone.',
    labels: ['node'],
  },
  modelCacheBytes: {
    name: 'flexinfer_model_cache_bytes',
    kind: 'gauge',
    help: 'Size of the model cache of a node: referenced (models), unreferenced (files of no model), partial (unfinished downloads).',
    labels: ['node', 'state'],
  },
  modelCacheFree: {
    name: 'flexinfer_model_cache_free_bytes',
    kind: 'gauge',
    help: 'Space left on the disk of the model cache of a node.',
    labels: ['node'],
  },
  modelCacheModels: {
    name: 'flexinfer_model_cache_models',
    kind: 'gauge',
    help: 'Complete models in the cache of a node.',
    labels: ['node'],
  },
  modelCachePods: {
    name: 'flexinfer_model_cache_pods',
    kind: 'gauge',
    help: 'Pods of models on a node, whose files must stay.',
    labels: ['node'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;
