import { z } from 'zod';
import { keyed } from './manifest-rules.ts';
import { CONDITION_TYPES } from './names.ts';

/** The status of a ModelDeployment: what the manager has found out. A value that is not known is absent, never zero. */

const text = (max: number) => z.string().min(1).max(max);
const time = z.string().max(64);
const rate = z.string().max(32);

const condition = z.object({
  type: z.enum(CONDITION_TYPES).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: text(1024).describe('Why, in one word from a closed list.'),
  message: z.string().max(32_768).describe('Why, in a sentence, and what to do about it.'),
  lastTransitionTime: time.describe('When `status` last changed.'),
  observedGeneration: z.int().optional().describe('The generation of the object this was found out for.'),
});

const memory = z.object({
  perGpuMiB: z.int().describe('MiB needed on each GPU (on a CPU node: in all).'),
  low: z.int().describe('MiB at least.'),
  high: z.int().describe('MiB at most.'),
  source: z.enum(['estimated', 'measured']).describe('From the header of the file, or from a run.'),
});

const model = z.object({
  source: z.string().max(1024).describe('The source this was read from.'),
  digest: z.string().max(128).optional().describe('Digest of the manifest or the revision the source stood for.'),
  contentHash: z.string().max(64).optional().describe('SHA-256 that identifies the weights.'),
  modelHash: z.string().max(32).optional().describe('Identifies what is measured: weights, engine and settings.'),
  format: z.string().max(32).optional().describe('File format, as gguf or safetensors.'),
  architecture: z.string().max(64).optional().describe('Architecture the file names, as llama.'),
  parameters: z.int().optional().describe('Number of parameters.'),
  quantization: z.string().max(32).optional().describe('How the weights are stored, as Q4_K_M or BF16.'),
  sizeBytes: z.int().optional().describe('Bytes to download.'),
  license: z.string().max(256).optional().describe('License the file names.'),
  memory: memory.optional().describe('Memory one replica needs.'),
});

const pull = z.object({
  node: text(253).describe('Node that downloads.'),
  phase: text(32).describe('What it is doing.'),
  percent: z.int().min(0).max(100).optional().describe('How much of the model is there.'),
});

const benchmark = z.object({
  deviceClass: text(63).describe('Devices that run a model equally fast.'),
  state: z
    .enum(['Pending', 'WaitingForDevice', 'Running', 'Measured', 'Skipped', 'Failed', 'Stale'])
    .describe('How far the measurement of this class has come.'),
  tokensPerSecond: rate.optional().describe('Median of the runs, one stream.'),
  low: rate.optional().describe('Slowest run.'),
  high: rate.optional().describe('Fastest run.'),
  samples: z.int().optional().describe('Number of runs that count.'),
  measuredAt: time.optional().describe('When the last run ended.'),
  node: z.string().max(253).optional().describe('Where it was measured.'),
  reason: z.string().max(1024).optional().describe('Why it was skipped, failed or is stale.'),
});

const placement = z.object({
  pod: text(253).describe('Pod of the replica.'),
  node: text(253).describe('Node it runs on.'),
  deviceClass: z.string().max(63).optional().describe('Class of that node.'),
  tokensPerSecond: rate.optional().describe('Rate expected there.'),
  summary: z.string().max(1024).optional().describe('Why this node, in a sentence.'),
});

export const modelDeploymentStatusSchema = z
  .object({
    observedGeneration: z.int().optional().describe('Generation of the object that this status is about.'),
    replicas: z.int().optional().describe('Replicas there are.'),
    readyReplicas: z.int().optional().describe('Replicas that answer.'),
    selector: z.string().max(1024).optional().describe('Selects the pods of all replicas; read by autoscalers.'),
    endpoint: z.string().max(512).optional().describe('Where the model is served, OpenAI-compatible.'),
    tokensPerSecond: rate.optional().describe('Tokens per second right now, the sum over replicas.'),
    model: model.optional().describe('What the source turned out to be.'),
    pull: z.array(pull).max(500).optional().describe('Downloads that are under way.'),
    benchmarks: z.array(benchmark).max(256).optional().describe('Measurements by device class, the best first.'),
    placements: keyed(placement, 'pod', 1000).optional().describe('Where the replicas run, and why there.'),
    conditions: keyed(condition, 'type', 16).optional().describe('How things stand, one entry for each question.'),
  })
  .describe('What the manager has found out. What is not known is absent.');
