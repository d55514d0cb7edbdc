import { createHash } from 'node:crypto';

const LONGEST = 63;
const HASH_DIGITS = 6;

/** Whether Kubernetes takes `value` as the value of a label. Source: Kubernetes documentation, labels and selectors. */
export function isLabelValue(value: string): boolean {
  return /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value);
}

/**
 * A name as a label value: `NVIDIA TITAN X (Pascal)` gives `NVIDIA-TITAN-X-Pascal`. A name that is cut ends with a few
 * digits of its hash, so that two long names stay two.
 *
 * @returns `undefined` when nothing is left to write
 */
export function labelValueOf(name: string): string | undefined {
  const words = trimmed(
    name
      .normalize('NFKD')
      .replace(/[^\x20-\x7e]/g, '')
      .replace(/[^A-Za-z0-9_.]+/g, '-'),
  );
  if (words === '') return undefined;
  if (words.length <= LONGEST) return words;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${trimmed(words.slice(0, LONGEST - HASH_DIGITS - 1))}-${hash}`;
}

function trimmed(text: string): string {
  return text.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
