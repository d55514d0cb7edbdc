import type { Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlexInferError, messageOf } from '../../api/errors.ts';
import { isRecord, parseJson } from '../json.ts';
import { errorCode, onDisk } from './disk.ts';
import { newOwnerToken } from './owner.ts';

/**
 * Where things lie in a model cache:
 *
 *     <root>/v1/blobs/sha256/<2 hex>/<hex>    verified bytes, read-only
 *               partial/<hex>.<owner>         being written
 *               snapshots/<content hash>/     files/… (hard links to blobs), manifest.json, ready (written last)
 *               refs/<sha256 of reference>    which snapshot a reference means
 *               pins/<content hash>/<owner>   a process that uses a snapshot
 *               used/<content hash>           its time stamp is the last use
 *               digests/<file identity>       SHA-256 of files used in place
 *               tmp/<owner>                   being assembled
 */
export interface StoreLayout {
  readonly root: string;
  readonly base: string;
  readonly blobs: string;
  readonly partial: string;
  readonly snapshots: string;
  readonly refs: string;
  readonly pins: string;
  readonly used: string;
  readonly digests: string;
  readonly tmp: string;
}

const LAYOUT_VERSION = 1;

export function storeLayout(root: string): StoreLayout {
  const base = join(root, `v${LAYOUT_VERSION}`);
  return {
    root,
    base,
    blobs: join(base, 'blobs', 'sha256'),
    partial: join(base, 'partial'),
    snapshots: join(base, 'snapshots'),
    refs: join(base, 'refs'),
    pins: join(base, 'pins'),
    used: join(base, 'used'),
    digests: join(base, 'digests'),
    tmp: join(base, 'tmp'),
  };
}

export function blobPath(layout: StoreLayout, sha256: string): string {
  return join(layout.blobs, sha256.slice(0, 2), sha256);
}

/**
 * Makes the folders of a new cache, or recognises an old one.
 *
 * @throws FlexInferError CACHE_UNUSABLE for a cache of another version, which is never touched.
 */
export async function prepareStore(layout: StoreLayout): Promise<void> {
  await refuseOtherVersions(layout);
  await onDisk(layout.root, async () => {
    const folders = [layout.blobs, layout.partial, layout.snapshots, layout.refs];
    const more = [layout.pins, layout.used, layout.digests, layout.tmp];
    for (const folder of [...folders, ...more]) await makeFolder(folder);
    const marker = join(layout.base, 'layout.json');
    if (!(await exists(marker))) await writeAtomically(layout, marker, JSON.stringify({ layout: LAYOUT_VERSION }));
  });
}

/** Node's own recursive mkdir reports ENOENT on a read-only file system; step by step the true reason comes out. */
async function makeFolder(folder: string): Promise<void> {
  if (await exists(folder)) {
    if ((await stat(folder)).isDirectory()) return;
    throw Object.assign(new Error(`${folder} is a file`), { code: 'ENOTDIR' });
  }
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    // ENOENT below a folder that exists: a file system such as /proc, where nobody can make anything.
    if (errorCode(error) === 'ENOENT')
      throw Object.assign(new Error(messageOf(error), { cause: error }), { code: 'EROFS' });
    // Another process was faster.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** Looks at a cache without changing anything. */
export async function refuseOtherVersions(layout: StoreLayout): Promise<void> {
  const names = await onDisk(layout.root, () => namesIn(layout.root));
  const versions = names.filter((name) => /^v[0-9]+$/.test(name));
  const own = `v${LAYOUT_VERSION}`;
  if (versions.length > 0 && !versions.includes(own)) throw otherVersion(layout, versions.join(', '));
  const text = await onDisk(layout.root, () => readIfThere(join(layout.base, 'layout.json')));
  if (text === undefined) return;
  const marker = parseJson(text);
  const version = isRecord(marker) ? marker['layout'] : undefined;
  if (version !== LAYOUT_VERSION) throw otherVersion(layout, JSON.stringify(version ?? text.slice(0, 40)));
}

function otherVersion(layout: StoreLayout, found: string): FlexInferError {
  return new FlexInferError('CACHE_UNUSABLE', `the model cache ${layout.root} has the unknown layout ${found}`, {
    todo: 'use a newer FlexInfer, or choose another folder with --cache or MODEL_CACHE_PATH',
  });
}

/** Names in a folder; none when it does not exist. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await sizeIfThere(path)) !== undefined;
}

export async function sizeIfThere(path: string): Promise<number | undefined> {
  return (await statIfThere(path))?.size;
}

export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Readers see the old content or the new one, whatever happens. */
export async function writeAtomically(layout: StoreLayout, path: string, text: string): Promise<void> {
  const temporary = join(layout.tmp, newOwnerToken());
  try {
    await writeFile(temporary, text, { flag: 'wx', flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
