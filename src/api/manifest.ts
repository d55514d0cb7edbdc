import { z } from 'zod';
import { API_VERSION, CONDITION_TYPES, KIND } from './names.ts';
import { DURATION_PATTERN, QUANTITY_PATTERN } from './quantity.ts';

/**
 * The ModelDeployment schema: the single source of the TypeScript type, the CRD, the reference page and the validation
 * of the command line. Every list and string has a bound, which the cost limit of CEL rules in a CRD demands.
 */

export const BACKENDS = ['ollama', 'llamacpp', 'vllm', 'custom'] as const;
export const GPU_VENDORS = ['NVIDIA', 'AMD'] as const;
export const OBJECTIVES = ['Throughput', 'Cost'] as const;
export const KV_CACHE_TYPES = ['auto', 'f16', 'q8_0', 'q4_0', 'fp8'] as const;

const text = (max: number) => z.string().min(1).max(max);
const word = text(253);
const quantity = z.string().max(32).regex(new RegExp(QUANTITY_PATTERN), 'is not a quantity such as 6Gi or 500m');
const duration = z.string().max(32).regex(new RegExp(DURATION_PATTERN), 'is not a duration such as 300s or 10m');
const stringMap = z.record(z.string().max(316), z.string().max(1024));
const weight = z.number().min(0).max(1000);

const model = z.strictObject({
  source: text(1024)
    .regex(/^(hf|oci|ollama|pvc|file):\/\/.+$/, 'must start with hf://, oci://, ollama://, pvc:// or file://')
    .describe(
      'Where the weights come from: hf://org/repo@revision/file, oci://host/repo:tag, ollama://name:tag, pvc://claim/path or file:///path.',
    ),
  sha256: z
    .string()
    .length(64)
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits')
    .optional()
    .describe('SHA-256 of the model file; checked when given.'),
  pullSecret: word.optional().describe('Secret with registry credentials, or with a key `token` for hf:// sources.'),
  pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent'),
});

const hardware = z.strictObject({
  accelerator: z.enum(['Any', 'GPU', 'CPU']).default('Any'),
  vendors: z.array(z.enum(GPU_VENDORS)).max(2).default([]),
  architectures: z
    .array(
      z
        .string()
        .max(32)
        .regex(/^(sm_[0-9]+[a-z]?|gfx[0-9a-f]+)$/),
    )
    .max(32)
    .default([]),
  minVram: quantity.optional().describe('Memory per GPU; replaces the estimate made from the file header.'),
  gpus: z.int().min(1).max(64).default(1).describe('GPUs per replica (tensor parallel).'),
  cpu: quantity
    .default('2')
    .describe('CPU request of a CPU replica and of its benchmark; also the threads of the engine.'),
  fit: z
    .enum(['Enforce', 'Warn'])
    .default('Enforce')
    .describe('Warn places a model that does not fit anyway, with a condition.'),
});

const weights = z
  .strictObject({ tps: weight, util: weight, cost: weight })
  .refine((value) => value.tps + value.util + value.cost > 0, 'at least one weight must be above zero');

const placement = z.strictObject({
  objective: z.enum(OBJECTIVES).optional().describe('Throughput, or Cost when a floor is set and nothing is said.'),
  minTokensPerSecond: z.number().positive().max(1_000_000).optional(),
  weights: weights.optional().describe('Weights of the score; the values of the chart apply when absent.'),
});

const benchmark = z.strictObject({
  enabled: z.boolean().default(true),
  warmupIterations: z.int().min(0).max(100).default(2),
  iterations: z.int().min(1).max(100).default(5),
  minDuration: duration
    .default('300s')
    .describe('Measured runs stop after this time or after `iterations`, whichever comes first.'),
  waitAtMost: duration
    .default('10m')
    .describe('How long the first replicas wait for measurements; 0 starts at once on estimates.'),
});

const kvCache = z.strictObject({
  type: z.enum(KV_CACHE_TYPES).default('auto'),
  hostTier: z
    .strictObject({
      mode: z.enum(['Disabled', 'Opportunistic', 'Required']).default('Disabled'),
      size: quantity.default('8Gi'),
      eviction: z.enum(['lru']).default('lru'),
    })
    .prefault({}),
});

const cache = z.strictObject({
  mode: z.enum(['HostPath', 'PersistentVolumeClaim']).default('HostPath'),
  storageClassName: word.optional(),
  size: quantity.optional(),
});

const envVar = z.strictObject({
  name: z
    .string()
    .max(253)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not an environment variable name'),
  value: z.string().max(4096).default(''),
});

const toleration = z.strictObject({
  key: z.string().max(316).optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().max(253).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().optional(),
});

const spec = z.strictObject({
  model,
  backend: z.enum(BACKENDS).optional().describe('The engine; the one in DEFAULT_BACKEND_IMAGE when absent.'),
  image: text(512).optional().describe('Overrides the image of the backend for the families it suits.'),
  args: z
    .array(text(1024))
    .max(64)
    .default([])
    .describe('Appended to the arguments of the engine, never through a shell.'),
  env: z.array(envVar).max(64).default([]),
  replicas: z.int().min(0).max(1000).default(1),
  contextLength: z.int().min(256).max(16_777_216).default(4096).describe('Tokens of context per sequence.'),
  parallel: z.int().min(1).max(1024).default(1).describe('Concurrent sequences per replica.'),
  hardware: hardware.prefault({}),
  placement: placement.prefault({}),
  benchmark: benchmark.prefault({}),
  kvCache: kvCache.prefault({}),
  cache: cache.prefault({}),
  auth: z.strictObject({ apiKeySecret: word }).optional(),
  resources: z.strictObject({ requests: stringMap.optional(), limits: stringMap.optional() }).optional(),
  nodeSelector: stringMap.optional(),
  tolerations: z.array(toleration).max(32).optional(),
  priorityClassName: word.optional(),
  runtimeClassName: word.optional(),
});

const condition = z.object({
  type: z.enum(CONDITION_TYPES),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: text(1024),
  message: z.string().max(32_768),
  lastTransitionTime: z.string().max(64),
  observedGeneration: z.int().optional(),
});

const status = z.object({
  observedGeneration: z.int().optional(),
  replicas: z.int().optional(),
  readyReplicas: z.int().optional(),
  selector: z.string().max(1024).optional(),
  endpoint: z.string().max(512).optional(),
  tokensPerSecond: z.string().max(32).optional().describe('Live, the sum over replicas; absent when unknown.'),
  model: z
    .object({
      source: z.string().max(1024),
      digest: z.string().max(128).optional(),
      contentHash: z.string().max(64).optional(),
      modelHash: z.string().max(32).optional(),
      format: z.string().max(32).optional(),
      architecture: z.string().max(64).optional(),
      parameters: z.int().optional(),
      quantization: z.string().max(32).optional(),
      sizeBytes: z.int().optional(),
      license: z.string().max(256).optional(),
      memory: z
        .object({
          perGpuMiB: z.int(),
          low: z.int(),
          high: z.int(),
          source: z.enum(['estimated', 'measured']),
        })
        .optional(),
    })
    .optional(),
  pull: z
    .array(z.object({ node: word, phase: text(32), percent: z.int().min(0).max(100).optional() }))
    .max(500)
    .optional(),
  benchmarks: z
    .array(
      z.object({
        deviceClass: text(63),
        state: z.enum(['Pending', 'WaitingForDevice', 'Running', 'Measured', 'Skipped', 'Failed', 'Stale']),
        tokensPerSecond: z.string().max(32).optional(),
        low: z.string().max(32).optional(),
        high: z.string().max(32).optional(),
        samples: z.int().optional(),
        measuredAt: z.string().max(64).optional(),
        node: z.string().max(253).optional(),
        reason: z.string().max(1024).optional(),
      }),
    )
    .max(256)
    .optional(),
  placements: z
    .array(
      z.object({
        pod: word,
        node: word,
        deviceClass: z.string().max(63).optional(),
        tokensPerSecond: z.string().max(32).optional(),
        summary: z.string().max(1024).optional(),
      }),
    )
    .max(1000)
    .optional(),
  conditions: z.array(condition).max(16).optional(),
});

const metadata = z.looseObject({
  name: z
    .string()
    .max(40)
    .regex(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      'must be lower-case letters, digits and dashes, start with a letter and not end with a dash (it becomes a Service name)',
    ),
  namespace: z.string().max(63).optional(),
  labels: stringMap.optional(),
  annotations: z.record(z.string().max(316), z.string()).optional(),
});

export const modelDeploymentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata,
  spec,
  status: status.optional(),
});

export const modelDeploymentSpecSchema = spec;
export const modelDeploymentStatusSchema = status;

/** A valid ModelDeployment with every default filled in. */
export type ModelDeployment = z.output<typeof modelDeploymentSchema>;
export type ModelDeploymentSpec = ModelDeployment['spec'];
export type ModelDeploymentStatus = z.output<typeof modelDeploymentStatusSchema>;
export type BackendName = (typeof BACKENDS)[number];
export type GpuVendor = (typeof GPU_VENDORS)[number];
export type Objective = (typeof OBJECTIVES)[number];
export type KvCacheType = (typeof KV_CACHE_TYPES)[number];
export type ScoreWeights = z.output<typeof weights>;
