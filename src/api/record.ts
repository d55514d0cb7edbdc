import { z } from 'zod';

/**
 * The benchmark record: one measured subject on one device class, with everything that decides whether the number may
 * still be believed. Stored as JSON; `version` is that of this layout, `protocol` that of the way it was measured.
 */

export const RECORD_VERSION = 1;
export const PROTOCOL_VERSION = 'v1';

/** What is measured. Its hash is the model hash; nothing else enters it. */
const subject = z.object({
  contentHash: z.string().regex(/^[0-9a-f]{64}$/),
  backend: z.string().min(1).max(32),
  args: z.array(z.string().max(1024)).max(64),
  contextLength: z.int().min(1),
  parallel: z.int().min(1),
  kvCacheType: z.string().max(16),
  gpus: z.int().min(0),
  protocol: z.string().max(16),
});

export const RECORD_FLAGS = ['unstable', 'contended', 'throttled', 'short', 'disagreement', 'lowConfidence'] as const;
const flag = z.enum(RECORD_FLAGS);
const rate = z.number().positive();
const time = z.iso.datetime();

/** One timed generation that passed the rules of validity. */
const run = z.object({
  /** Decode rate over the N - 1 intervals between N tokens. */
  tokensPerSecond: rate,
  promptTokens: z.int().min(0),
  outputTokens: z.int().min(1),
  prefillTokensPerSecond: rate.optional(),
  timeToFirstTokenSeconds: z.number().nonnegative().optional(),
  /** Whose clock gave the headline: the engine's own timers, or the arrival of tokens at the client. */
  timing: z.enum(['server', 'client']),
  flags: z.array(flag),
});

/** All runs at one context length and parallelism. `median`, `mad`, `min` and `max` are tokens per second. */
const point = z.object({
  contextLength: z.int().min(1),
  parallel: z.int().min(1),
  promptTokens: z.int().min(1),
  outputTokens: z.int().min(1),
  runs: z.array(run).min(1).max(200),
  median: rate,
  mad: z.number().nonnegative(),
  min: rate,
  max: rate,
  prefillTokensPerSecond: rate.optional(),
  timeToFirstTokenSeconds: z.number().nonnegative().optional(),
  flags: z.array(flag),
});

const device = z.object({
  id: z.string().min(1).max(128),
  vendor: z.string().max(32),
  product: z.string().max(128).optional(),
});

const base = {
  version: z.literal(RECORD_VERSION),
  protocol: z.string().max(16),
  modelHash: z.string().regex(/^[0-9a-f]{32}$/),
  subject,
  model: z.object({ name: z.string().max(253), source: z.string().max(1024) }),
  deviceClass: z.string().min(1).max(63),
  node: z.string().min(1).max(253),
  devices: z.array(device).max(64),
  driver: z.string().max(64).optional(),
  startedAt: time,
  finishedAt: time,
};

const engine = z.object({
  name: z.string().max(32),
  version: z.string().max(128),
  imageDigest: z.string().max(256).optional(),
  /** The argv the engine was started with, without the parts that differ between two equal starts (ports, paths). */
  arguments: z.array(z.string().max(1024)).max(256),
});

export const measuredRecordSchema = z.object({
  ...base,
  outcome: z.literal('measured'),
  engine,
  threads: z.int().min(1).optional(),
  /** The first is the short point of the protocol; its median is the headline. */
  points: z.array(point).min(1).max(8),
  flags: z.array(flag),
  peakDeviceMemoryMiB: z.int().min(0).optional(),
  energyJoules: z.number().nonnegative().optional(),
  load: z.object({
    pullSeconds: z.number().nonnegative().optional(),
    startSeconds: z.number().nonnegative(),
    firstTokenSeconds: z.number().nonnegative().optional(),
    pageCache: z.enum(['warm', 'cold', 'unknown']),
  }),
});

export const failedRecordSchema = z.object({
  ...base,
  outcome: z.literal('failed'),
  reason: z.string().min(1).max(64),
  message: z.string().max(1024),
  retryAfter: time.optional(),
});

export const benchmarkRecordSchema = z.discriminatedUnion('outcome', [measuredRecordSchema, failedRecordSchema]);

export type Subject = z.output<typeof subject>;
export type RecordFlag = z.output<typeof flag>;
export type MeasuredRun = z.output<typeof run>;
export type MeasuredPoint = z.output<typeof point>;
export type MeasuredRecord = z.output<typeof measuredRecordSchema>;
export type FailedRecord = z.output<typeof failedRecordSchema>;
export type BenchmarkRecord = z.output<typeof benchmarkRecordSchema>;

/** Reads a stored record; `undefined` for anything that is not one, or is of a newer layout. */
export function parseBenchmarkRecord(value: unknown): BenchmarkRecord | undefined {
  const result = benchmarkRecordSchema.safeParse(value);
  return result.success ? result.data : undefined;
}
