import { NODE_LABELS } from '../../api/names.ts';
import { isReservedDomain } from './prefix.ts';

const KNOWN_NAMES: ReadonlySet<string> = new Set(Object.values(NODE_LABELS));
/** Twenty labels with the longest possible prefix need 6 kB. */
const LONGEST = 8192;

/**
 * Reads the annotation that lists the keys the agent owns. Whatever stands in it, only keys with one of our own names
 * come out, so that nobody can have a foreign label deleted by writing it there.
 *
 * @returns `undefined` when there is no list: no annotation, or one that cannot be ours
 */
export function parseOwnedKeys(annotation: string | undefined): ReadonlySet<string> | undefined {
  if (annotation === undefined || annotation.length > LONGEST) return undefined;
  const keys = annotation.split(',').filter(isOwnable);
  return keys.length === 0 && annotation !== '' ? undefined : new Set(keys);
}

export function formatOwnedKeys(keys: Iterable<string>): string {
  return [...keys].sort().join(',');
}

/** Whether a key is one that an agent, of whatever prefix, may have written. */
export function isOwnable(key: string): boolean {
  const slash = key.indexOf('/');
  const domain = key.slice(0, slash);
  return (
    slash > 0 &&
    /^[a-z0-9.-]{1,253}$/.test(domain) &&
    !isReservedDomain(domain) &&
    KNOWN_NAMES.has(key.slice(slash + 1))
  );
}
