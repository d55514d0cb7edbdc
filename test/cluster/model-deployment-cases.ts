/** ModelDeployments that are right and wrong, for everybody who judges them: the API server and the command line. */

interface Spec {
  readonly [field: string]: unknown;
}

export interface ValidCase {
  readonly what: string;
  readonly name?: string;
  readonly spec: Spec;
}

export interface InvalidCase extends ValidCase {
  /** The field both must name. */
  readonly path: string;
  /** What the API server's message must say. */
  readonly message: string | RegExp;
}

const model = { source: 'hf://org/repo/model.gguf' };

/** The whole object of a case. */
export function objectOf({ name, spec }: ValidCase): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'flexinfer.ai/v1alpha1',
    kind: 'ModelDeployment',
    metadata: { name: name ?? 'example', namespace: 'default' },
    spec: { model, ...spec },
  };
}

export const VALID: readonly ValidCase[] = [
  { what: 'nothing but a source', spec: {} },
  { what: 'a name of 40 characters', name: 'a'.repeat(40), spec: {} },
  { what: 'a name of one letter', name: 'x', spec: {} },
  {
    what: 'a source in a registry, with a digest',
    spec: { model: { source: `oci://host:5000/a/b:1@sha256:${'0'.repeat(64)}` } },
  },
  { what: 'a source on a claim', spec: { model: { source: 'pvc://claim/path/model.gguf' } } },
  { what: 'a file', spec: { model: { source: 'file:///models/model.gguf', sha256: 'a'.repeat(64) } } },
  { what: 'a custom backend with an image', spec: { backend: 'custom', image: 'registry.test/engine:1' } },
  { what: 'no replicas', spec: { replicas: 0 } },
  { what: 'a fractional quantity', spec: { hardware: { minVram: '1.5Gi', cpu: '500m' } } },
  { what: 'a CPU model', spec: { hardware: { accelerator: 'CPU', cpu: '4' } } },
  {
    what: 'a CPU model that says one GPU, the default',
    spec: { hardware: { accelerator: 'CPU', gpus: 1, vendors: [] } },
  },
  { what: 'architectures of the vendors named', spec: { hardware: { vendors: ['AMD'], architectures: ['gfx90a'] } } },
  { what: 'architectures of both vendors', spec: { hardware: { architectures: ['sm_89', 'gfx1100'] } } },
  {
    what: 'a speed floor with the objective that goes with it',
    spec: { placement: { objective: 'Cost', minTokensPerSecond: 20 } },
  },
  {
    what: 'a speed floor while the fastest is wanted',
    spec: { placement: { objective: 'Throughput', minTokensPerSecond: 0.5 } },
  },
  { what: 'one weight alone', spec: { placement: { weights: { tps: 0, util: 0, cost: 0.1 } } } },
  { what: 'weights as whole numbers', spec: { placement: { weights: { tps: 7, util: 2, cost: 1 } } } },
  { what: 'no waiting for measurements', spec: { benchmark: { waitAtMost: '0', minDuration: '1h30m' } } },
  { what: 'a cache type its engine knows', spec: { backend: 'vllm', kvCache: { type: 'fp8' } } },
  { what: 'a cache type and the default engine', spec: { kvCache: { type: 'q8_0', hostTier: { mode: 'Required' } } } },
  {
    what: 'a shared cache of a storage class',
    spec: { cache: { mode: 'PersistentVolumeClaim', storageClassName: 'nfs', size: '20Gi' } },
  },
  {
    what: 'arguments and variables',
    spec: { args: ['--a', 'b c'], env: [{ name: 'A', value: '1' }, { name: 'B_2' }] },
  },
  {
    what: 'resources as in a pod',
    spec: { resources: { requests: { memory: '1Gi', cpu: '2' }, limits: { memory: '2Gi' } } },
  },
  { what: 'a toleration of everything', spec: { tolerations: [{ operator: 'Exists' }] } },
  {
    what: 'a toleration for a while',
    spec: { tolerations: [{ key: 'a', value: 'b', effect: 'NoExecute', tolerationSeconds: 60 }] },
  },
  { what: 'labels of nodes', spec: { nodeSelector: { 'kubernetes.io/arch': 'amd64', empty: '' } } },
  {
    what: 'names of other objects',
    spec: { priorityClassName: 'low', runtimeClassName: 'nvidia', auth: { apiKeySecret: 'keys.v1' } },
  },
];

const cpu = { accelerator: 'CPU' };

export const INVALID: readonly InvalidCase[] = [
  {
    what: 'a name of 41 characters',
    name: 'a'.repeat(41),
    spec: {},
    path: 'metadata.name',
    message: 'may not be more than 40',
  },
  { what: 'a name with a dot', name: 'a.b', spec: {}, path: 'metadata.name', message: 'it becomes a Service name' },
  {
    what: 'a name that starts with a digit',
    name: '7b',
    spec: {},
    path: 'metadata.name',
    message: 'start with a letter',
  },
  { what: 'a name with capitals', name: 'Llama', spec: {}, path: 'metadata.name', message: 'lower' },
  { what: 'no source', spec: { model: {} }, path: 'spec.model.source', message: 'Required value' },
  { what: 'an empty source', spec: { model: { source: '' } }, path: 'spec.model.source', message: 'at least 1 chars' },
  {
    what: 'a web address as source',
    spec: { model: { source: 'https://host/a' } },
    path: 'spec.model.source',
    message: 'must start with hf://, oci://, ollama://, pvc:// or file://',
  },
  {
    what: 'half a digest',
    spec: { model: { ...model, sha256: 'a'.repeat(32) } },
    path: 'spec.model.sha256',
    message: 'at least 64 chars',
  },
  {
    what: 'a digest in capitals',
    spec: { model: { ...model, sha256: 'A'.repeat(64) } },
    path: 'spec.model.sha256',
    message: '64 lower-case hexadecimal digits',
  },
  {
    what: 'a secret that cannot be one',
    spec: { model: { ...model, pullSecret: 'My Secret' } },
    path: 'spec.model.pullSecret',
    message: 'is not the name of an object',
  },
  {
    what: 'a misspelt pull policy',
    spec: { model: { ...model, pullPolicy: 'always' } },
    path: 'spec.model.pullPolicy',
    message: 'supported values: "IfNotPresent", "Always", "Never"',
  },
  {
    what: 'an unknown engine',
    spec: { backend: 'tgi' },
    path: 'spec.backend',
    message: 'supported values: "ollama", "llamacpp", "vllm", "custom"',
  },
  {
    what: 'a custom backend without an image',
    spec: { backend: 'custom' },
    path: 'spec.image',
    message: 'backend custom needs an image',
  },
  { what: 'a misspelt field', spec: { hardwre: {} }, path: 'spec.hardwre', message: 'unknown field "spec.hardwre"' },
  {
    what: 'a misspelt field further down',
    spec: { kvCache: { hostTier: { mod: 'Required' } } },
    path: 'spec.kvCache.hostTier.mod',
    message: 'unknown field',
  },
  {
    what: 'fewer than no replicas',
    spec: { replicas: -1 },
    path: 'spec.replicas',
    message: 'greater than or equal to 0',
  },
  { what: 'half a replica', spec: { replicas: 1.5 }, path: 'spec.replicas', message: 'integer' },
  { what: 'replicas in words', spec: { replicas: 'two' }, path: 'spec.replicas', message: 'must be of type integer' },
  {
    what: 'a context of nothing',
    spec: { contextLength: 0 },
    path: 'spec.contextLength',
    message: 'greater than or equal to 256',
  },
  {
    what: 'an unknown accelerator',
    spec: { hardware: { accelerator: 'TPU' } },
    path: 'spec.hardware.accelerator',
    message: 'supported values: "Any", "GPU", "CPU"',
  },
  {
    what: 'a CPU model that names GPU vendors',
    spec: { hardware: { ...cpu, vendors: ['AMD'] } },
    path: 'spec.hardware.vendors',
    message: 'but accelerator is CPU',
  },
  {
    what: 'a CPU model that names GPU architectures',
    spec: { hardware: { ...cpu, architectures: ['sm_90'] } },
    path: 'spec.hardware.architectures',
    message: 'but accelerator is CPU',
  },
  {
    what: 'a CPU model that wants GPU memory',
    spec: { hardware: { ...cpu, minVram: '6Gi' } },
    path: 'spec.hardware.minVram',
    message: 'but accelerator is CPU',
  },
  {
    what: 'a CPU model on two GPUs',
    spec: { hardware: { ...cpu, gpus: 2 } },
    path: 'spec.hardware.gpus',
    message: 'but accelerator is CPU',
  },
  {
    what: 'a vendor twice',
    spec: { hardware: { vendors: ['AMD', 'AMD'] } },
    path: 'spec.hardware.vendors',
    message: 'Duplicate value',
  },
  {
    what: 'an architecture nobody makes',
    spec: { hardware: { architectures: ['ampere'] } },
    path: 'spec.hardware.architectures[0]',
    message: 'is not a GPU architecture such as sm_89 or gfx90a',
  },
  {
    what: 'an architecture of a vendor left out',
    spec: { hardware: { vendors: ['AMD'], architectures: ['sm_89'] } },
    path: 'spec.hardware.architectures',
    message: 'sm_… is NVIDIA',
  },
  {
    what: 'memory without a unit that exists',
    spec: { hardware: { minVram: '6GB' } },
    path: 'spec.hardware.minVram',
    message: 'is not a quantity such as 6Gi',
  },
  {
    what: 'no CPU at all',
    spec: { hardware: { cpu: '0' } },
    path: 'spec.hardware.cpu',
    message: 'must be more than zero',
  },
  {
    what: 'a CPU request as a number',
    spec: { hardware: { cpu: 2 } },
    path: 'spec.hardware.cpu',
    message: 'must be of type string',
  },
  {
    what: 'no GPUs',
    spec: { hardware: { gpus: 0 } },
    path: 'spec.hardware.gpus',
    message: 'greater than or equal to 1',
  },
  {
    what: 'a speed floor of zero',
    spec: { placement: { minTokensPerSecond: 0 } },
    path: 'spec.placement.minTokensPerSecond',
    message: 'greater than 0',
  },
  {
    what: 'weights that are all zero',
    spec: { placement: { weights: { tps: 0, util: 0, cost: 0 } } },
    path: 'spec.placement.weights',
    message: 'at least one weight must be above zero',
  },
  {
    what: 'a negative weight',
    spec: { placement: { weights: { tps: -1, util: 1, cost: 1 } } },
    path: 'spec.placement.weights.tps',
    message: 'greater than or equal to 0',
  },
  {
    what: 'a weight left out',
    spec: { placement: { weights: { tps: 1, util: 1 } } },
    path: 'spec.placement.weights.cost',
    message: 'Required value',
  },
  {
    what: 'an unknown objective',
    spec: { placement: { objective: 'Latency' } },
    path: 'spec.placement.objective',
    message: 'supported values: "Throughput", "Cost"',
  },
  {
    what: 'a duration without a unit',
    spec: { benchmark: { minDuration: '300' } },
    path: 'spec.benchmark.minDuration',
    message: 'is not a duration such as 300s or 10m',
  },
  {
    what: 'no measured run',
    spec: { benchmark: { iterations: 0 } },
    path: 'spec.benchmark.iterations',
    message: 'greater than or equal to 1',
  },
  {
    what: 'a cache type llama.cpp does not know',
    spec: { backend: 'llamacpp', kvCache: { type: 'fp8' } },
    path: 'spec.kvCache.type',
    message: 'fp8 is known to vllm only',
  },
  {
    what: 'a cache type vllm does not know',
    spec: { backend: 'vllm', kvCache: { type: 'q4_0' } },
    path: 'spec.kvCache.type',
    message: 'not known to vllm',
  },
  {
    what: 'a storage class for a directory',
    spec: { cache: { storageClassName: 'nfs' } },
    path: 'spec.cache.storageClassName',
    message: 'needs mode PersistentVolumeClaim',
  },
  {
    what: 'a cache of no size',
    spec: { cache: { mode: 'PersistentVolumeClaim', size: '0Gi' } },
    path: 'spec.cache.size',
    message: 'must be more than zero',
  },
  {
    what: 'a variable that is none',
    spec: { env: [{ name: 'NOT-ONE' }] },
    path: 'spec.env[0].name',
    message: 'is not an environment variable name',
  },
  {
    what: 'a variable twice',
    spec: { env: [{ name: 'A' }, { name: 'A' }] },
    path: 'spec.env',
    message: 'Duplicate value',
  },
  { what: 'an empty argument', spec: { args: [''] }, path: 'spec.args[0]', message: 'at least 1 chars' },
  {
    what: 'too many arguments',
    spec: { args: Array.from({ length: 65 }, () => 'a') },
    path: 'spec.args',
    message: 'must have at most 64 items',
  },
  {
    what: 'GPUs as plain resources',
    spec: { resources: { limits: { 'nvidia.com/gpu': '1' } } },
    path: 'spec.resources.limits',
    message: 'ask for GPUs with spec.hardware.gpus',
  },
  {
    what: 'a resource that is no amount',
    spec: { resources: { requests: { cpu: 'lots' } } },
    path: 'spec.resources.requests.cpu',
    message: 'is not a quantity such as 6Gi or 500m',
  },
  {
    what: 'a toleration of everything with a value',
    spec: { tolerations: [{ operator: 'Exists', value: 'a' }] },
    path: 'spec.tolerations[0].value',
    message: 'must be left out when operator is Exists',
  },
  {
    what: 'a toleration of nothing',
    spec: { tolerations: [{ effect: 'NoSchedule' }] },
    path: 'spec.tolerations[0].operator',
    message: 'without a key',
  },
  {
    what: 'a toleration for a while without an eviction',
    spec: { tolerations: [{ key: 'a', tolerationSeconds: 60 }] },
    path: 'spec.tolerations[0].tolerationSeconds',
    message: 'needs effect NoExecute',
  },
  {
    what: 'more labels than there is room for',
    spec: { nodeSelector: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`a${index}`, 'b'])) },
    path: 'spec.nodeSelector',
    message: 'must have at most 64 items',
  },
  {
    what: 'a label name that never ends',
    spec: { nodeSelector: { ['a'.repeat(317)]: 'b' } },
    path: 'spec.nodeSelector',
    message: 'at most 316 characters',
  },
  {
    what: 'an endpoint with keys from nowhere',
    spec: { auth: {} },
    path: 'spec.auth.apiKeySecret',
    message: 'Required value',
  },
];
