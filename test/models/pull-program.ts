/**
 * A program that pulls one model, for tests that kill it, starve it or watch its memory. Its one argument is JSON.
 * It prints one JSON line per event: `started`, then `done` or `failed`.
 */

/**
 * A program that pulls one model, for tests that kill it, starve it or watch its memory. Its one argument is JSON.
 * It prints one JSON line per event: `started`, then `done` or `failed`.
 */
import fs, { type FileHandle, open, readdir } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asFlexInferError } from '../../src/api/errors.ts';

export interface PullTask {
  readonly root: string;
  readonly source: string;
  readonly endpoint: string;
  /** Kill this process before the n-th operation that changes the disk, counted from 1. */
  readonly killBefore?: number;
  /** What the disk is said to have free. */
  readonly freeBytes?: number;
}

export type PullEvent =
  | { readonly event: 'started' }
  | {
      readonly event: 'done';
      readonly mainFile: string;
      readonly sha256: string;
      /** Growth of the largest resident set over that before the pull. */
      readonly growthMiB: number;
      /** Operations that changed the disk. */
      readonly operations: number;
    }
  | { readonly event: 'failed'; readonly code: string; readonly message: string; readonly files: readonly string[] };

const argument = process.argv[2];
if (argument !== undefined) await main(JSON.parse(argument) as PullTask);

async function main(task: PullTask): Promise<void> {
  const operations = await watchDisk(task.killBefore);
  // After the file functions were replaced, so that the store gets the replaced ones.
  const { ModelStore } = await import('../../src/models/model-store.ts');
  const store = new ModelStore(task.root, {
    env: { HF_ENDPOINT: task.endpoint, HOME: tmpdir() },
    ...(task.freeBytes !== undefined && { freeBytes: () => Promise.resolve(task.freeBytes ?? 0) }),
  });
  const before = process.memoryUsage.rss();
  tell({ event: 'started' });
  try {
    const { mainFile, files } = await store.pull(task.source);
    const growthMiB = (process.resourceUsage().maxRSS * 1024 - before) / 2 ** 20;
    tell({ event: 'done', mainFile, sha256: files[0]?.sha256 ?? '', growthMiB, operations: operations() });
  } catch (error) {
    const { code, message } = asFlexInferError(error);
    const entries = await readdir(task.root, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    tell({ event: 'failed', code, message, files });
  }
}

function tell(event: PullEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** Counts every operation that changes the disk, and dies before the chosen one. */
async function watchDisk(killBefore: number | undefined): Promise<() => number> {
  let count = 0;
  const step = () => {
    count += 1;
    if (count === killBefore) process.kill(process.pid, 'SIGKILL');
  };
  const wrap = (owner: object, name: string) => {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== 'function') throw new Error(`there is no ${name}`);
    Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
      step();
      return Reflect.apply(original, this, args);
    });
  };
  const handle: FileHandle = await open(process.execPath, 'r');
  const handlePrototype: object = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of ['link', 'rename', 'writeFile', 'mkdir', 'chmod', 'rm', 'utimes', 'open', 'copyFile'])
    wrap(fs, name);
  for (const name of ['write', 'sync', 'chmod', 'truncate']) wrap(handlePrototype, name);
  syncBuiltinESMExports();
  return () => count;
}
