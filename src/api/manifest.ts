import { z } from 'zod';
import { distinct, formatted, keyed, namedValues, ruled } from './manifest-rules.ts';
import { modelDeploymentStatusSchema } from './manifest-status.ts';
import { API_VERSION, KIND } from './names.ts';
import { DURATION_PATTERN, parseQuantity, QUANTITY_PATTERN } from './quantity.ts';

/**
 * The ModelDeployment schema: the single source of the TypeScript type, the CRD, the reference page and the validation
 * of the command line. Every list and string has a bound, which the cost limit of CEL rules in a CRD demands.
 */

export const BACKENDS = ['ollama', 'llamacpp', 'vllm', 'custom'] as const;
export const GPU_VENDORS = ['NVIDIA', 'AMD'] as const;
export const OBJECTIVES = ['Throughput', 'Cost'] as const;
export const KV_CACHE_TYPES = ['auto', 'f16', 'q8_0', 'q4_0', 'fp8'] as const;

const NAME_MAX = 40;
const NAME_PATTERN = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const text = (max: number) => z.string().min(1).max(max);
/** The name of another object. */
const objectName = formatted(
  text(253),
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  'is not the name of an object: lower-case letters, digits, dashes and dots',
);
const quantity = formatted(z.string().max(32), QUANTITY_PATTERN, 'is not a quantity such as 6Gi or 500m');
const amount = ruled(quantity, {
  message: 'must be more than zero',
  // A malformed one is told so by its pattern alone.
  cel: 'isQuantity(self) ? quantity(self).isGreaterThan(quantity("0")) : true',
  holds: (value) => (parseQuantity(value) ?? 1) > 0,
});
const duration = formatted(z.string().max(32), DURATION_PATTERN, 'is not a duration such as 300s or 10m');
const labels = namedValues(z.string().max(1024));
const weight = z.number().min(0).max(1000);

const model = z.strictObject({
  source: formatted(
    text(1024),
    /^(hf|oci|ollama|pvc|file):\/\/.+$/,
    'must start with hf://, oci://, ollama://, pvc:// or file://',
  ).describe(
    'Where the weights come from: hf://org/repo@revision/file, oci://host/repo:tag, ollama://name:tag, pvc://claim/path or file:///path.',
  ),
  sha256: formatted(z.string().length(64), /^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
    .optional()
    .describe('SHA-256 of the model file; checked when given.'),
  pullSecret: objectName
    .optional()
    .describe('Secret with registry credentials, or with a key `token` for hf:// sources.'),
  pullPolicy: z
    .enum(['IfNotPresent', 'Always', 'Never'])
    .default('IfNotPresent')
    .describe('Whether the source is asked again when a node has the model already.'),
});

/** A demand on GPUs in an object that asks for none. */
const withoutGpus = (field: string, present: string) => ({
  message: `${field} is about GPUs, but accelerator is CPU: leave one of the two out`,
  field,
  cel: `self.accelerator != 'CPU' || !(${present})`,
});

const hardware = ruled(
  z.strictObject({
    accelerator: z
      .enum(['Any', 'GPU', 'CPU'])
      .default('Any')
      .describe('Any lets the model run wherever it is fastest, on a GPU or not.'),
    vendors: distinct(z.enum(GPU_VENDORS), 2).default([]).describe('GPU vendors it may run on; all when empty.'),
    architectures: distinct(
      formatted(
        z.string().max(32),
        /^(sm_[0-9]+[a-z]?|gfx[0-9a-f]+)$/,
        'is not a GPU architecture such as sm_89 or gfx90a',
      ),
      32,
    )
      .default([])
      .describe('GPU architectures it may run on, as sm_89 or gfx90a; all when empty.'),
    minVram: amount.optional().describe('Memory per GPU; replaces the estimate made from the file header.'),
    gpus: z.int().min(1).max(64).default(1).describe('GPUs per replica (tensor parallel).'),
    cpu: amount
      .default('2')
      .describe('CPU request of a CPU replica and of its benchmark; also the threads of the engine.'),
    fit: z
      .enum(['Enforce', 'Warn'])
      .default('Enforce')
      .describe('Warn places a model that does not fit anyway, with a condition.'),
  }),
  {
    ...withoutGpus('vendors', 'has(self.vendors) && self.vendors.size() > 0'),
    holds: (value) => value.accelerator !== 'CPU' || value.vendors.length === 0,
  },
  {
    ...withoutGpus('architectures', 'has(self.architectures) && self.architectures.size() > 0'),
    holds: (value) => value.accelerator !== 'CPU' || value.architectures.length === 0,
  },
  {
    ...withoutGpus('minVram', 'has(self.minVram)'),
    holds: (value) => value.accelerator !== 'CPU' || value.minVram === undefined,
  },
  {
    ...withoutGpus('gpus', 'has(self.gpus) && self.gpus > 1'),
    holds: (value) => value.accelerator !== 'CPU' || value.gpus === 1,
  },
  {
    message: 'architectures names one of a vendor that vendors leaves out (sm_… is NVIDIA, gfx… is AMD)',
    field: 'architectures',
    cel: [
      '!has(self.vendors) || self.vendors.size() == 0 || !has(self.architectures)',
      `self.architectures.all(each, (each.startsWith('sm_') ? 'NVIDIA' : 'AMD') in self.vendors)`,
    ].join(' || '),
    holds: ({ vendors, architectures }) =>
      vendors.length === 0 ||
      architectures.every((each) => vendors.includes(each.startsWith('sm_') ? 'NVIDIA' : 'AMD')),
  },
);

const weights = ruled(
  z.strictObject({
    tps: weight.describe('Weight of the expected tokens per second.'),
    util: weight.describe('Weight of how busy the devices are.'),
    cost: weight.describe('Weight of what the devices cost per hour.'),
  }),
  {
    message: 'at least one weight must be above zero',
    cel: 'self.tps + self.util + self.cost > 0.0',
    holds: (value) => value.tps + value.util + value.cost > 0,
  },
);

const placement = z.strictObject({
  objective: z.enum(OBJECTIVES).optional().describe('Throughput, or Cost when a floor is set and nothing is said.'),
  minTokensPerSecond: z
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .describe('Speed floor of one replica: nodes measured to be slower are not used.'),
  weights: weights.optional().describe('Weights of the score; the values of the chart apply when absent.'),
});

const benchmark = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether the model is measured on each device class.'),
  warmupIterations: z.int().min(0).max(100).default(2).describe('Runs before those that count.'),
  iterations: z.int().min(1).max(100).default(5).describe('Measured runs, at most.'),
  minDuration: duration
    .default('300s')
    .describe('Measured runs stop after this time or after `iterations`, whichever comes first.'),
  waitAtMost: duration
    .default('10m')
    .describe('How long the first replicas wait for measurements; 0 starts at once on estimates.'),
});

const kvCache = z.strictObject({
  type: z
    .enum(KV_CACHE_TYPES)
    .default('auto')
    .describe('How keys and values are stored; fp8 is for vllm, q8_0 and q4_0 are for the others.'),
  hostTier: z
    .strictObject({
      mode: z
        .enum(['Disabled', 'Opportunistic', 'Required'])
        .default('Disabled')
        .describe('Required refuses an engine that cannot; Opportunistic warns.'),
      size: quantity.default('8Gi').describe('Memory of the node for it; added to the request of the pod.'),
      eviction: z.enum(['lru']).default('lru').describe('What goes first when it is full.'),
    })
    .prefault({})
    .describe('A second tier of the cache in the memory of the node.'),
});

const cache = ruled(
  z.strictObject({
    mode: z
      .enum(['HostPath', 'PersistentVolumeClaim'])
      .default('HostPath')
      .describe('A directory on each node, or a volume that all replicas share.'),
    storageClassName: objectName.optional().describe('Storage class of the claim; the default one when absent.'),
    size: amount.optional().describe('Size of the claim; derived from the model when absent.'),
  }),
  {
    message: 'storageClassName needs mode PersistentVolumeClaim: a directory on the node has no storage class',
    field: 'storageClassName',
    cel: `!has(self.storageClassName) || self.mode == 'PersistentVolumeClaim'`,
    holds: (value) => value.storageClassName === undefined || value.mode === 'PersistentVolumeClaim',
  },
);

const envVar = z.strictObject({
  name: formatted(z.string().max(253), /^[A-Za-z_][A-Za-z0-9_]*$/, 'is not an environment variable name').describe(
    'Name of the variable.',
  ),
  value: z.string().max(4096).default('').describe('Its value.'),
});

/** What the API server demands of the tolerations of a pod: better said here than by a pod that cannot be made. */
const toleration = ruled(
  z.strictObject({
    key: z.string().max(316).optional().describe('Key of the taint; all when absent and operator is Exists.'),
    operator: z.enum(['Exists', 'Equal']).optional().describe('Equal when absent.'),
    value: z.string().max(253).optional().describe('Value of the taint, with operator Equal.'),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .optional()
      .describe('Effect of the taint; all when absent.'),
    tolerationSeconds: z.int().optional().describe('How long, with effect NoExecute; for ever when absent.'),
  }),
  {
    message: 'value must be left out when operator is Exists',
    field: 'value',
    cel: `!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''`,
    holds: (each) => each.operator !== 'Exists' || (each.value ?? '') === '',
  },
  {
    message: 'without a key, operator must be Exists',
    field: 'operator',
    cel: `(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')`,
    holds: (each) => (each.key ?? '') !== '' || each.operator === 'Exists',
  },
  {
    message: 'tolerationSeconds needs effect NoExecute',
    field: 'tolerationSeconds',
    cel: `!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')`,
    holds: (each) => each.tolerationSeconds === undefined || each.effect === 'NoExecute',
  },
);

const amounts = ruled(namedValues(quantity), {
  message: 'ask for GPUs with spec.hardware.gpus, so that the model can be placed on any family',
  cel: `!self.exists(name, name.endsWith('/gpu'))`,
  holds: (value) => !Object.keys(value).some((name) => name.endsWith('/gpu')),
});

const spec = ruled(
  z.strictObject({
    model: model.describe('The weights.'),
    backend: z.enum(BACKENDS).optional().describe('The engine; the one in DEFAULT_BACKEND_IMAGE when absent.'),
    image: text(512).optional().describe('Overrides the image of the backend for the families it suits.'),
    args: z
      .array(text(1024))
      .max(64)
      .default([])
      .describe('Appended to the arguments of the engine, never through a shell.'),
    env: keyed(envVar, 'name', 64).default([]).describe('Environment variables of the engine.'),
    replicas: z.int().min(0).max(1000).default(1).describe('Replicas in all, over all families of devices.'),
    contextLength: z.int().min(256).max(16_777_216).default(4096).describe('Tokens of context per sequence.'),
    parallel: z.int().min(1).max(1024).default(1).describe('Concurrent sequences per replica.'),
    hardware: hardware
      .prefault({})
      .describe('What the model needs; anything left out is derived from the header of the file.'),
    placement: placement.prefault({}).describe('What the best node is.'),
    benchmark: benchmark.prefault({}).describe('How the model is measured before it is placed.'),
    kvCache: kvCache.prefault({}).describe('The memory of the attention: keys and values.'),
    cache: cache.prefault({}).describe('Where the downloaded model is kept.'),
    auth: z
      .strictObject({ apiKeySecret: objectName.describe('Secret with the keys that are let in.') })
      .optional()
      .describe('Makes the endpoint ask for a bearer key.'),
    resources: z
      .strictObject({
        requests: amounts.optional().describe('Resources the engine is promised.'),
        limits: amounts.optional().describe('Resources the engine may not exceed.'),
      })
      .optional()
      .describe('Resources of the engine beyond what is derived, as in a Pod.'),
    nodeSelector: labels.optional().describe('Labels a node must have, as in a Pod.'),
    tolerations: z.array(toleration).max(32).optional().describe('Taints of nodes that do not matter, as in a Pod.'),
    priorityClassName: objectName.optional().describe('Priority class of the pods.'),
    runtimeClassName: objectName.optional().describe('Runtime class of the pods.'),
  }),
  {
    message: 'backend custom needs an image: there is no default one',
    field: 'image',
    cel: `!has(self.backend) || self.backend != 'custom' || has(self.image)`,
    holds: (value) => value.backend !== 'custom' || value.image !== undefined,
  },
  {
    message: 'fp8 is known to vllm only: use auto, f16, q8_0 or q4_0 with this backend',
    field: 'kvCache.type',
    cel: `!has(self.backend) || !(self.backend in ['ollama', 'llamacpp']) || self.kvCache.type != 'fp8'`,
    holds: (value) => (value.backend !== 'ollama' && value.backend !== 'llamacpp') || value.kvCache.type !== 'fp8',
  },
  {
    message: 'q8_0 and q4_0 are not known to vllm: use auto, f16 or fp8 with this backend',
    field: 'kvCache.type',
    cel: `!has(self.backend) || self.backend != 'vllm' || !(self.kvCache.type in ['q8_0', 'q4_0'])`,
    holds: (value) => value.backend !== 'vllm' || (value.kvCache.type !== 'q8_0' && value.kvCache.type !== 'q4_0'),
  },
);

const metadata = z.looseObject({
  name: formatted(
    z.string().max(NAME_MAX),
    NAME_PATTERN,
    'must be lower-case letters, digits and dashes, start with a letter and not end with a dash (it becomes a Service name)',
  ),
  namespace: z.string().max(63).optional(),
  labels: z.record(z.string().max(316), z.string().max(1024)).optional(),
  annotations: z.record(z.string().max(316), z.string()).optional(),
});

export const modelDeploymentSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata,
    spec: spec.describe('What is wanted.'),
    status: modelDeploymentStatusSchema.optional(),
  })
  .describe('A language model that is kept running on the nodes where it was measured to run best.');

/** A valid ModelDeployment with every default filled in. */
export type ModelDeployment = z.output<typeof modelDeploymentSchema>;
export type GpuVendor = (typeof GPU_VENDORS)[number];
export type Objective = (typeof OBJECTIVES)[number];
export type ScoreWeights = z.output<typeof weights>;
