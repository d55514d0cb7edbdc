import { canonicalJson } from '../api/canonical-json.ts';
import type { Subject } from '../api/record.ts';

/** Lower-case hexadecimal SHA-256 of a text in UTF-8; an argument, since pure code imports no cryptography. */
export type Sha256 = (text: string) => string;

const MODEL_HASH_LENGTH = 32;

/** The identity of what is measured: the first 32 hex digits of the SHA-256 over its canonical JSON. */
export function modelHash(subject: Subject, sha256: Sha256): string {
  return sha256(canonicalJson(subject)).slice(0, MODEL_HASH_LENGTH);
}
