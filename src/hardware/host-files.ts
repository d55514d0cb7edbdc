import { constants } from 'node:fs';
import { open, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** What reading one small file gave: its text, or why there is none. */
export type FileText = { readonly text: string } | { readonly text?: undefined; readonly code: string };

/** Read-only view of the machine's `/proc`, `/sys` and `/etc`, below a root that tests and containers may move. */
export interface HostFiles {
  readonly root: string;
  /** Text of a file. `code` is the errno name (`ENOENT`, `EBUSY`), `STUCK` after the deadline, `TOO_LARGE` past the cap. */
  readonly read: (path: string) => Promise<FileText>;
  /** The first bytes of a file, fewer when it is shorter; `undefined` when it cannot be read. */
  readonly readBytes: (path: string, length: number) => Promise<Uint8Array | undefined>;
  /** Names in a directory, sorted; `undefined` when it cannot be listed. */
  readonly list: (path: string) => Promise<readonly string[] | undefined>;
  /** Last component of what a symbolic link points at, as in `driver -> …/drivers/nvidia`. */
  readonly linkName: (path: string) => Promise<string | undefined>;
  /** Last component of the path after following every link. */
  readonly realName: (path: string) => Promise<string | undefined>;
}

export interface HostFileLimits {
  /** How long one read may take. A driver in trouble can block a read of its own files for ever. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Node reads files with four threads. Once so many are held by reads that do not return, nothing more is tried. */
const MAX_STUCK = 3;

const DEFAULT_LIMITS: HostFileLimits = { timeoutMs: 2000, maxBytes: 8 * 1024 * 1024 };

/** @param onRead told of every file that was read: its path, and the errno name when it could not be */
export function hostFiles(
  root = '/',
  limits: HostFileLimits = DEFAULT_LIMITS,
  onRead: (path: string, failure: string | undefined) => void = () => undefined,
): HostFiles {
  // A blocked read cannot be taken back and holds one of Node's few I/O threads, so nobody asks a second time.
  const stuck = new Set<string>();

  async function guarded<T>(path: string, work: () => Promise<T>): Promise<T | { code: string }> {
    if (stuck.has(path) || stuck.size >= MAX_STUCK) return { code: 'STUCK' };
    const running = work().catch((cause: unknown) => ({ code: errnoOf(cause) }));
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<{ code: string }>((resolve) => {
      timer = setTimeout(() => {
        stuck.add(path);
        void running.then(() => stuck.delete(path));
        resolve({ code: 'STUCK' });
      }, limits.timeoutMs);
    });
    try {
      return await Promise.race([running, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    root,
    read: async (path) => {
      const file = await guarded(path, () => readCapped(join(root, path), limits.maxBytes));
      onRead(path, 'code' in file ? file.code : undefined);
      return file;
    },
    readBytes: async (path, length) => {
      const head = await guarded(path, () => readHead(join(root, path), length));
      return head instanceof Uint8Array ? head : undefined;
    },
    list: async (path) => {
      const names = await guarded(path, () => readdir(join(root, path)));
      return Array.isArray(names) ? names.sort() : undefined;
    },
    linkName: async (path) => {
      const target = await guarded(path, () => readlink(join(root, path)));
      return typeof target === 'string' ? lastComponent(target) : undefined;
    },
    realName: async (path) => {
      const target = await guarded(path, () => realpath(join(root, path)));
      return typeof target === 'string' ? lastComponent(target) : undefined;
    },
  };
}

async function readCapped(path: string, maxBytes: number): Promise<FileText> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      // Files of /sys and /proc have no true size: they end where a read gives nothing.
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(65_536) });
      if (bytesRead === 0) return { text: Buffer.concat(chunks).toString('utf8') };
      size += bytesRead;
      if (size > maxBytes) return { code: 'TOO_LARGE' };
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

async function readHead(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(length) });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function errnoOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'EUNKNOWN';
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
