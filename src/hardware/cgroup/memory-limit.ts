import type { HostFiles } from '../host-files.ts';
import { locateCgroups } from './cgroup-path.ts';

/** What the memory limits above this process leave it. */
export interface MemoryAllowance {
  /** The tightest limit on the way to the top. */
  readonly limitBytes: number;
  /** The least that any limited group on the way still has free; absent when its use cannot be read. */
  readonly freeBytes?: number;
}

/** File names of one cgroup version. `inactive` is the line of `memory.stat` with page cache that can be given back. */
const FILES = {
  1: { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes', inactive: 'total_inactive_file' },
  2: { limit: 'memory.max', usage: 'memory.current', inactive: 'inactive_file' },
} as const;

/** Version 1 writes "no limit" as the largest multiple of the page size below 2^63. */
const NO_LIMIT = 2 ** 62;

/** A limit or a use in bytes; `undefined` for `max`, for "no limit" and for nonsense. */
export function parseMemoryBytes(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^\d{1,20}$/.test(trimmed)) return undefined;
  const bytes = Number(trimmed);
  return bytes < NO_LIMIT ? bytes : undefined;
}

/** One `name value` line of `memory.stat`. */
export function parseMemoryStat(text: string, name: string): number | undefined {
  for (const line of text.split('\n')) {
    const [key, value = ''] = line.trim().split(/\s+/);
    if (key === name) return parseMemoryBytes(value);
  }
  return undefined;
}

/** `undefined` when no group on the way up sets a limit. */
export async function readMemoryAllowance(
  files: HostFiles,
  membership: string,
  mountInfo: string,
): Promise<MemoryAllowance | undefined> {
  let limitBytes: number | undefined;
  let freeBytes: number | undefined;
  for (const { version, directories } of locateCgroups('memory', membership, mountInfo)) {
    for (const directory of directories) {
      const limit = await readBytes(files, `${directory}/${FILES[version].limit}`);
      // A limit of zero would mean that nobody could be here to read it.
      if (limit === undefined || limit === 0) continue;
      limitBytes = Math.min(limitBytes ?? limit, limit);
      const used = await workingSet(files, directory, version);
      if (used !== undefined) freeBytes = Math.min(freeBytes ?? Number.POSITIVE_INFINITY, Math.max(0, limit - used));
    }
  }
  if (limitBytes === undefined) return undefined;
  return freeBytes === undefined ? { limitBytes } : { limitBytes, freeBytes };
}

/** Memory in use without the page cache that the kernel drops first: the kubelet's "working set". */
async function workingSet(files: HostFiles, directory: string, version: 1 | 2): Promise<number | undefined> {
  const used = await readBytes(files, `${directory}/${FILES[version].usage}`);
  if (used === undefined) return undefined;
  const { text } = await files.read(`${directory}/memory.stat`);
  const inactive = text === undefined ? undefined : parseMemoryStat(text, FILES[version].inactive);
  return Math.max(0, used - (inactive ?? 0));
}

async function readBytes(files: HostFiles, path: string): Promise<number | undefined> {
  const { text } = await files.read(path);
  return text === undefined ? undefined : parseMemoryBytes(text);
}
