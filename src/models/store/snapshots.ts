import { createHash } from 'node:crypto';
import { chmod, constants, copyFile, link, mkdir, open, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRecord, parseJson } from '../json.ts';
import type { ModelFile } from '../model.ts';
import { pathProblem, refuseUnsafePaths } from '../path-rules.ts';
import { errorCode, onDisk, syncDirectory } from './disk.ts';
import { blobPath, exists, namesIn, readIfThere, type StoreLayout, sizeIfThere } from './layout.ts';
import { newOwnerToken } from './owner.ts';
import { removeSealed, sealFolders } from './sealed-tree.ts';

/** A complete model in the store. */
export interface Snapshot {
  /** The content hash of its files; also its name on disk. */
  readonly id: string;
  readonly directory: string;
  readonly files: readonly ModelFile[];
  /** The entry of `files` that an engine is given. */
  readonly mainFile: string;
}

/** SHA-256 over sorted lines `path NUL size NUL sha256`: names the weights, wherever they came from. */
export function contentHash(files: readonly ModelFile[]): string {
  const lines = files.map((file) => `${file.path}\0${file.sizeBytes}\0${file.sha256}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/**
 * Gives files that are in the store as blobs a folder of their own. The folder is built aside, renamed as a whole, and
 * counts only once the marker `ready` is in it; a kill at any point leaves either that or something nobody looks at.
 *
 * @returns `undefined` when a blob vanished meanwhile (another process pruned): fetch it again.
 */
export async function createSnapshot(
  layout: StoreLayout,
  files: readonly ModelFile[],
  mainFile: string,
): Promise<Snapshot | undefined> {
  refuseUnsafePaths(files.map((file) => file.path));
  const id = contentHash(files);
  return onDisk(layout.root, async () => {
    const there = await readSnapshot(layout, id);
    if (there !== undefined) return there;
    const temporary = join(layout.tmp, newOwnerToken());
    try {
      for (const file of files) await materialise(layout, file, join(temporary, 'files', file.path));
      await writeFile(join(temporary, 'manifest.json'), JSON.stringify({ mainFile, files }), { flush: true });
      await sealFolders(join(temporary, 'files'));
      await syncDirectory(temporary);
      await moveIntoPlace(layout, id, temporary);
    } catch (error) {
      await removeSealed(temporary);
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    return readSnapshot(layout, id);
  });
}

/** A snapshot by its id; `undefined` unless it is ready and every file has its size. */
export async function readSnapshot(layout: StoreLayout, id: string): Promise<Snapshot | undefined> {
  const folder = join(layout.snapshots, id);
  if (!/^[0-9a-f]{64}$/.test(id) || !(await exists(join(folder, 'ready')))) return undefined;
  return readUnmarked(layout, id);
}

export async function listSnapshots(layout: StoreLayout): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  for (const id of await namesIn(layout.snapshots)) {
    const snapshot = await readSnapshot(layout, id);
    if (snapshot !== undefined) found.push(snapshot);
  }
  return found;
}

/** The marker goes first, so that nobody starts to use what is being taken away. */
export async function removeSnapshot(layout: StoreLayout, id: string): Promise<void> {
  const folder = join(layout.snapshots, id);
  if (await exists(folder)) await chmod(folder, 0o755);
  await rm(join(folder, 'ready'), { force: true });
  await removeSealed(folder);
  await rm(join(layout.used, id), { force: true });
  await rm(join(layout.pins, id), { recursive: true, force: true });
}

/** Remembers when a snapshot was last used; the access time of files is off on many machines. */
export async function touchSnapshot(layout: StoreLayout, id: string, nowMs: number): Promise<void> {
  const path = join(layout.used, id);
  await writeFile(path, '');
  await utimes(path, nowMs / 1000, nowMs / 1000);
}

async function readUnmarked(layout: StoreLayout, id: string): Promise<Snapshot | undefined> {
  const folder = join(layout.snapshots, id);
  const manifest = parseManifest(await readIfThere(join(folder, 'manifest.json')));
  if (manifest === undefined || contentHash(manifest.files) !== id) return undefined;
  const directory = join(folder, 'files');
  for (const file of manifest.files) {
    if ((await sizeIfThere(join(directory, file.path))) !== file.sizeBytes) return undefined;
  }
  return { id, directory, ...manifest };
}

function parseManifest(text: string | undefined): Pick<Snapshot, 'files' | 'mainFile'> | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isRecord(value)) return undefined;
  const { mainFile, files } = value;
  if (typeof mainFile !== 'string' || !Array.isArray(files)) return undefined;
  const list: readonly unknown[] = files;
  if (!list.every(isModelFile) || !list.some((file) => file.path === mainFile)) return undefined;
  return { mainFile, files: list };
}

function isModelFile(value: unknown): value is ModelFile {
  return (
    isRecord(value) &&
    typeof value['path'] === 'string' &&
    pathProblem(value['path']) === undefined &&
    typeof value['sizeBytes'] === 'number' &&
    typeof value['sha256'] === 'string'
  );
}

/** A hard link costs nothing; where the file system has none, a copy that shares blocks if it can. */
async function materialise(layout: StoreLayout, file: ModelFile, target: string): Promise<void> {
  const blob = blobPath(layout, file.sha256);
  await mkdir(dirname(target), { recursive: true });
  try {
    await link(blob, target);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error;
    await copyFile(blob, target, constants.COPYFILE_FICLONE);
    await chmod(target, 0o444);
    const handle = await open(target, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function moveIntoPlace(layout: StoreLayout, id: string, temporary: string): Promise<void> {
  const folder = join(layout.snapshots, id);
  for (;;) {
    try {
      await rename(temporary, folder);
      break;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
      // Somebody was here before: another process just now, or one that was killed before it could write the marker.
      if ((await readUnmarked(layout, id)) !== undefined) {
        await removeSealed(temporary);
        break;
      }
      await removeSnapshot(layout, id);
    }
  }
  await syncDirectory(layout.snapshots);
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'ready'), '', { flush: true });
  await syncDirectory(folder);
  await chmod(folder, 0o555);
}
