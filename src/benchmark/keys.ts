import { canonicalJson } from '../api/canonical-json.ts';
import { asDeviceClass, type DeviceClass } from '../api/device-class.ts';
import type { Subject } from '../api/record.ts';

/** Lower-case hexadecimal SHA-256 of a text in UTF-8; an argument, since pure code imports no cryptography. */
export type Sha256 = (text: string) => string;

const MODEL_HASH_LENGTH = 32;

/** The identity of what is measured: the first 32 hex digits of the SHA-256 over its canonical JSON. */
export function modelHash(subject: Subject, sha256: Sha256): string {
  return sha256(canonicalJson(subject)).slice(0, MODEL_HASH_LENGTH);
}

/** The data key of a record in a ConfigMap that holds several models, and its name wherever files are kept. */
export interface RecordKey {
  readonly modelHash: string;
  readonly deviceClass: DeviceClass;
}

/**
 * `<model hash>.<device class>`: at most 96 characters of those that a ConfigMap allows in a key, since a device class is
 * a label value. The hash has a fixed length, so no two pairs share a key.
 */
export function formatRecordKey({ modelHash, deviceClass }: RecordKey): string {
  return `${modelHash}.${deviceClass}`;
}

/** Reads a key back; `undefined` for anything that {@link formatRecordKey} cannot have written. */
export function parseRecordKey(key: string): RecordKey | undefined {
  const [, hash, rest] = /^([0-9a-f]{32})\.(.+)$/.exec(key) ?? [];
  const deviceClass = rest === undefined ? undefined : asDeviceClass(rest);
  return hash === undefined || deviceClass === undefined ? undefined : { modelHash: hash, deviceClass };
}
