import { open, statfs } from 'node:fs/promises';
import { FlexInferError } from '../../api/errors.ts';

const CHOOSE_ANOTHER = 'choose another folder with --cache or MODEL_CACHE_PATH';

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Gives errors of the cache's file system a code people know; everything else passes unchanged. */
export function asDiskError(error: unknown, path: string): unknown {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new FlexInferError('NO_SPACE', `the disk of ${path} is full`, {
        cause: error,
        todo: `free some space (flexinfer models prune), or ${CHOOSE_ANOTHER}`,
      });
    case 'EROFS':
      return unusable(path, 'is on a read-only file system', error);
    case 'EACCES':
    case 'EPERM':
      return unusable(path, 'may not be written by this user', error);
    case 'ENOTDIR':
      return unusable(path, 'goes through something that is a file, not a folder', error);
    case 'ELOOP':
      return unusable(path, 'goes through a loop of symbolic links', error);
    case 'EXDEV':
      return unusable(path, 'is spread over two file systems', error);
    case 'EIO':
      return unusable(path, 'is on a disk that reports faults', error);
    default:
      return error;
  }
}

function unusable(path: string, what: string, cause: unknown): FlexInferError {
  return new FlexInferError('CACHE_UNUSABLE', `the model cache ${path} ${what}`, { cause, todo: CHOOSE_ANOTHER });
}

/** Runs file operations below `path` with errors that people understand. */
export async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asDiskError(error, path);
  }
}

/** Makes a rename or a new name in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Bytes an ordinary user can still write below `path`. */
export type FreeBytes = (path: string) => Promise<number>;

export const freeBytesOf: FreeBytes = async (path) => {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
};

const SMALLEST_HEADROOM = 64 * 2 ** 20;

/** Refuses a pull before its first byte when it cannot fit; 2 % and at least 64 MiB stay free. */
export async function demandSpace(path: string, neededBytes: number, freeBytes: FreeBytes): Promise<void> {
  if (neededBytes <= 0) return;
  const free = await freeBytes(path);
  const wanted = neededBytes + Math.max(neededBytes * 0.02, SMALLEST_HEADROOM);
  if (free >= wanted) return;
  throw new FlexInferError(
    'NO_SPACE',
    `${formatBytes(wanted)} needed and ${formatBytes(free)} free on the disk of ${path}`,
    { todo: `free some space (flexinfer models prune), or ${CHOOSE_ANOTHER}` },
  );
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
