import type { DeviceClass } from '../api/device-class.ts';
import {
  type FailedRecord,
  type MeasuredRecord,
  measuredRecordSchema,
  PROTOCOL_VERSION,
  RECORD_VERSION,
  type Subject,
} from '../api/record.ts';
import type { Measurement } from './measure-engine.ts';

/** Who and where, the same for a measurement and for a failure. */
export interface RecordContext {
  readonly subject: Subject;
  readonly modelHash: string;
  readonly model: { readonly name: string; readonly source: string };
  readonly deviceClass: DeviceClass;
  readonly node: string;
  readonly devices: MeasuredRecord['devices'];
  readonly driver: string | undefined;
  /** Wall-clock milliseconds. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

export interface EngineFacts {
  readonly name: string;
  readonly version: string;
  /** Absent outside of containers. */
  readonly imageDigest?: string;
  readonly arguments: readonly string[];
  /** Absent for an engine that is not told how many to use. */
  readonly threads?: number;
  readonly startSeconds: number;
  readonly pullSeconds: number | undefined;
}

/** The complete record of a measurement, checked against the schema that readers will hold it to. */
export function assembleRecord(context: RecordContext, engine: EngineFacts, measured: Measurement): MeasuredRecord {
  const { point, fullContext, peakDeviceMemoryMiB, energyJoules, firstTokenSeconds } = measured;
  return measuredRecordSchema.parse({
    ...base(context),
    outcome: 'measured',
    engine: {
      name: engine.name,
      version: engine.version,
      imageDigest: engine.imageDigest,
      arguments: engine.arguments,
    },
    threads: engine.threads,
    points: fullContext === undefined ? [point] : [point, fullContext],
    // Those of the headline. A deeper point may scatter without making the headline doubtful.
    flags: point.flags,
    peakDeviceMemoryMiB,
    energyJoules,
    load: {
      pullSeconds: engine.pullSeconds,
      startSeconds: engine.startSeconds,
      firstTokenSeconds,
      // A file that was just fetched or read to be verified is in memory; otherwise nobody looked.
      pageCache: engine.pullSeconds === undefined ? 'unknown' : 'warm',
    },
  } satisfies Unparsed<MeasuredRecord>);
}

/**
 * A failure is a record too: it says why a class has no number, and until when not to try again.
 *
 * @param retryAfterMs wall-clock milliseconds; absent: whenever somebody asks
 */
export function assembleFailure(
  context: RecordContext,
  reason: string,
  message: string,
  retryAfterMs?: number,
): FailedRecord {
  return {
    ...base(context),
    outcome: 'failed',
    reason: reason.slice(0, 64),
    message: message.slice(0, 1024),
    ...(retryAfterMs === undefined ? {} : { retryAfter: new Date(retryAfterMs).toISOString() }),
  };
}

function base(context: RecordContext) {
  return {
    version: RECORD_VERSION,
    protocol: PROTOCOL_VERSION,
    modelHash: context.modelHash,
    subject: context.subject,
    model: context.model,
    deviceClass: context.deviceClass,
    node: context.node,
    devices: context.devices,
    ...(context.driver === undefined ? {} : { driver: context.driver }),
    startedAt: new Date(context.startedAtMs).toISOString(),
    finishedAt: new Date(context.finishedAtMs).toISOString(),
  } as const;
}

/** The schema drops absent fields, so they may be given as undefined. */
type Unparsed<T> = { readonly [K in keyof T]: T[K] extends object | undefined ? unknown : T[K] | undefined };
