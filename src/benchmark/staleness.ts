import type { MeasuredRecord } from '../api/record.ts';

/** The circumstances a record would be made under now. */
export interface Circumstances {
  readonly deviceClass: string;
  readonly protocol: string;
  readonly engine: {
    readonly name: string;
    readonly version: string;
    readonly imageDigest?: string | undefined;
    readonly arguments: readonly string[];
  };
  readonly threads?: number | undefined;
  readonly driver?: string | undefined;
  readonly nowMs: number;
  /** Absent: age alone makes nothing stale. */
  readonly maxAgeMs?: number;
}

/** Why a record may not be believed any more, in words for people; empty when it may. */
export function staleReasons(record: MeasuredRecord, now: Circumstances): readonly string[] {
  const reasons: string[] = [];
  const compare = (what: string, then: unknown, current: unknown) => {
    if (then !== current) reasons.push(`${what} was ${shown(then)} and is ${shown(current)}`);
  };
  compare('the device class', record.deviceClass, now.deviceClass);
  compare('the protocol', record.protocol, now.protocol);
  compare('the engine', record.engine.name, now.engine.name);
  compare('the version of the engine', record.engine.version, now.engine.version);
  compare('the image of the engine', record.engine.imageDigest, now.engine.imageDigest);
  compare('the number of threads', record.threads, now.threads);
  compare('the driver', record.driver, now.driver);
  if (!sameList(record.engine.arguments, now.engine.arguments)) reasons.push('the arguments of the engine changed');
  const ageMs = now.nowMs - Date.parse(record.finishedAt);
  if (now.maxAgeMs !== undefined && ageMs > now.maxAgeMs) reasons.push('it is too old');
  return reasons;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function shown(value: unknown): string {
  return value === undefined ? 'unknown' : JSON.stringify(value);
}
