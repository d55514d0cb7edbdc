import type { HostFiles } from '../host-files.ts';

/** A decimal number alone in a file; `undefined` for anything else, a negative one included. */
export function parseSysfsNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return /^\d{1,20}$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** The same for temperatures, which may be below zero. */
export function parseSignedSysfsNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
}

export async function readSysfsNumber(files: HostFiles, path: string): Promise<number | undefined> {
  const { text } = await files.read(path);
  return text === undefined ? undefined : parseSysfsNumber(text);
}
