import { createHash } from 'node:crypto';
import { type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { FlexInferError } from '../../api/errors.ts';
import { isRecord, parseJson } from '../json.ts';
import { errorCode } from './disk.ts';
import { readIfThere, type StoreLayout, writeAtomically } from './layout.ts';

/**
 * The program of the hashing thread, as text: bundled into one file there is no second file that a thread could load.
 * It reads 4 MiB at a time and posts its progress once per 64 MiB.
 */
const HASH_PROGRAM = `
const { createHash } = require('node:crypto');
const { closeSync, openSync, readSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const hash = createHash('sha256');
const buffer = Buffer.allocUnsafe(4 * 2 ** 20);
const file = openSync(workerData, 'r');
let done = 0;
let told = 0;
for (;;) {
  const count = readSync(file, buffer, 0, buffer.length, done);
  if (count === 0) break;
  hash.update(buffer.subarray(0, count));
  done += count;
  if (done - told >= 64 * 2 ** 20) parentPort.postMessage({ done: (told = done) });
}
closeSync(file);
parentPort.postMessage({ done, sha256: hash.digest('hex') });
`;

export interface DigestOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (done: number) => void;
  /** Where digests of unchanged files are remembered; without it every call reads the whole file. */
  readonly layout?: StoreLayout;
}

/**
 * SHA-256 of a file that stays where it is. A file with the same device, inode, size and times as before was not
 * written to since, so its digest is taken from the cache.
 *
 * @throws FlexInferError INVALID_MODEL_FILE when the file changes while it is being read.
 */
export async function fileDigest(path: string, options: DigestOptions = {}): Promise<string> {
  const before = identityOf(await stat(path, { bigint: true }));
  const remembered = options.layout === undefined ? undefined : await recall(options.layout, before);
  if (remembered !== undefined) return remembered;
  const sha256 = await hashInThread(path, options);
  const after = identityOf(await stat(path, { bigint: true }));
  if (before !== after) {
    throw new FlexInferError('INVALID_MODEL_FILE', `${path} was changed while it was read`, {
      todo: 'wait until the program that writes it has finished',
    });
  }
  if (options.layout !== undefined) await remember(options.layout, before, sha256);
  return sha256;
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function recordPath(layout: StoreLayout, identity: string): string {
  return join(layout.digests, createHash('sha256').update(identity).digest('hex'));
}

async function recall(layout: StoreLayout, identity: string): Promise<string | undefined> {
  const value = parseJson((await readIfThere(recordPath(layout, identity))) ?? '');
  if (!isRecord(value) || value['identity'] !== identity) return undefined;
  const { sha256 } = value;
  return typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined;
}

/** A cache that cannot be written costs time at the next start and nothing else. */
async function remember(layout: StoreLayout, identity: string, sha256: string): Promise<void> {
  try {
    await writeAtomically(layout, recordPath(layout, identity), JSON.stringify({ identity, sha256 }));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

function hashInThread(path: string, { signal, onBytes }: DigestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(HASH_PROGRAM, { eval: true, workerData: path });
    const stop = () => {
      reject(new FlexInferError('CANCELLED', `reading ${path} was interrupted`));
      void thread.terminate();
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    thread.on('message', (message: { readonly done: number; readonly sha256?: string }) => {
      onBytes?.(message.done);
      if (message.sha256 !== undefined) resolve(message.sha256);
    });
    thread.on('error', reject);
    thread.on('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      reject(new Error(`the hashing thread ended with code ${code}`));
    });
  });
}
