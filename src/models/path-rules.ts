import { FlexInferError } from '../api/errors.ts';

/** What a path inside a model may look like: it comes from a hub or a registry and becomes a path on this machine. */

const MAX_PATH_BYTES = 1024;
const MAX_NAME_BYTES = 255;
const RESERVED = /^(?:ready|\.flexinfer.*)$/i;

/**
 * Why a path may not be used, as the end of a sentence, or `undefined` when it may.
 * Source: the known attacks on unpackers (traversal, absolute paths, drive letters, NUL, reserved names).
 */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.includes('\0')) return 'has a NUL character';
  if (/\p{Cc}/u.test(path)) return 'has control characters';
  if (!path.isWellFormed()) return 'is not valid Unicode';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/')) return 'is absolute';
  if (/^[A-Za-z]:/.test(path)) return 'starts with a drive letter';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  for (const name of path.split('/')) {
    if (name === '') return 'has an empty part';
    if (name === '.' || name === '..') return `has a part ${JSON.stringify(name)}`;
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `has a name longer than ${MAX_NAME_BYTES} bytes`;
    if (RESERVED.test(name)) return `uses the reserved name ${JSON.stringify(name)}`;
  }
  return undefined;
}

/**
 * Why a set of paths cannot stand side by side: duplicates (also by case or Unicode form, which some file systems
 * do not tell apart) or a file that would have to be a folder as well.
 */
export function pathSetProblem(paths: readonly string[]): string | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const folded = fold(path);
    const other = seen.get(folded);
    if (other !== undefined) return `${JSON.stringify(path)} and ${JSON.stringify(other)} are the same file`;
    seen.set(folded, path);
  }
  for (const path of paths) {
    const parts = fold(path).split('/');
    for (let length = 1; length < parts.length; length += 1) {
      const parent = seen.get(parts.slice(0, length).join('/'));
      if (parent !== undefined) return `${JSON.stringify(parent)} is both a file and a folder`;
    }
  }
  return undefined;
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

/** @throws FlexInferError UNSUPPORTED_ARTIFACT for paths that could leave the model's folder or hide one another. */
export function refuseUnsafePaths(paths: readonly string[]): void {
  const problem =
    paths
      .map((path) => ({ path, why: pathProblem(path) }))
      .filter(({ why }) => why !== undefined)
      .map(({ path, why }) => `the path ${JSON.stringify(path)} ${why}`)[0] ?? pathSetProblem(paths);
  if (problem !== undefined)
    throw new FlexInferError('UNSUPPORTED_ARTIFACT', `the model cannot be stored: ${problem}`, {
      todo: 'use another source',
    });
}
