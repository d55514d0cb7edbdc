import type { NumberRange } from '../gpu-ranges.ts';

/** One cell of the tool's table: a text, or the reason why there is none. */
export type SmiCell =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent'; readonly reason: AbsentReason }
  /** The device itself answered that something is wrong with it. */
  | { readonly kind: 'sick'; readonly lost: boolean; readonly text: string };

type AbsentReason = 'not_available' | 'deprecated' | 'no_permission' | 'function_missing';

/** Spellings of "no value", with and without brackets, over the driver versions. */
const ABSENT: ReadonlyMap<string, AbsentReason> = new Map([
  ['', 'not_available'],
  ['n/a', 'not_available'],
  ['not supported', 'not_available'],
  ['not found', 'not_available'],
  ['requested functionality has been deprecated', 'deprecated'],
  ['insufficient permissions', 'no_permission'],
  ['function not found', 'function_missing'],
]);

const SICK: ReadonlyMap<string, boolean> = new Map([
  ['unknown error', false],
  ['gpu requires reset', false],
  ['err!', false],
  ['gpu is lost', true],
]);

export function parseSmiCell(raw: string): SmiCell {
  const trimmed = raw.trim();
  const word = trimmed
    .replace(/^\[(.*)\]$/, '$1')
    .trim()
    .toLowerCase();
  const reason = ABSENT.get(word);
  if (reason !== undefined) return { kind: 'absent', reason };
  const lost = SICK.get(word);
  if (lost !== undefined) return { kind: 'sick', lost, text: trimmed };
  return { kind: 'text', text: trimmed };
}

export type CellNumber = { readonly value: number } | { readonly value?: undefined; readonly invalid: boolean };

/**
 * A number within a range, with or without its unit (`69.85 W`).
 *
 * @returns `invalid` true when there is a text that is no such number, false when the cell says that it has no value
 */
export function parseCellNumber(raw: string, range: NumberRange): CellNumber {
  const cell = parseSmiCell(raw);
  if (cell.kind !== 'text') return { invalid: false };
  const match = /^(-?\d{1,15}(?:\.\d{1,9})?)(?: [A-Za-z%]+)?$/.exec(cell.text);
  if (match === null) return { invalid: true };
  const value = Number(match[1]);
  return value >= range.min && value <= range.max ? { value } : { invalid: true };
}

/** A bit mask, `0x0000000000000004`; `undefined` for anything else. */
export function parseCellMask(raw: string): bigint | undefined {
  return /^0x[0-9a-f]{1,16}$/i.test(raw.trim()) ? BigInt(raw.trim()) : undefined;
}
