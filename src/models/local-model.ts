import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { FlexInferError } from '../api/errors.ts';
import { type ByteSource, openFileSource } from './byte-source.ts';
import { readModelHeader } from './header.ts';
import type { ModelHeader, StoredModel } from './model.ts';
import { modelFiles } from './shards.ts';
import { errorCode } from './store/disk.ts';
import { type DigestOptions, fileDigest } from './store/file-digest.ts';
import { contentHash } from './store/snapshots.ts';

/** A model of `file://` is used where it lies. */
export async function openLocalModel(source: string, path: string, options: DigestOptions = {}): Promise<StoredModel> {
  const paths = modelFiles(path);
  for (const each of paths) await demandFile(each, paths.length);
  const header = await readLocalHeader(paths);
  const files = [];
  let finished = 0;
  for (const each of paths) {
    const sizeBytes = (await stat(each)).size;
    const before = finished;
    const onBytes = options.onBytes;
    const sha256 = await onModelFile(each, () =>
      fileDigest(each, {
        ...options,
        ...(onBytes !== undefined && { onBytes: (done: number) => onBytes(before + done) }),
      }),
    );
    files.push({ path: basename(each), sizeBytes, sha256 });
    finished += sizeBytes;
  }
  return {
    source,
    files,
    directory: dirname(path),
    mainFile: paths[0] ?? path,
    contentHash: contentHash(files),
    header,
    sizeBytes: finished,
    cacheHit: true,
  };
}

/** The header of model files on this machine, all shards in order. */
export async function readLocalHeader(paths: readonly string[]): Promise<ModelHeader> {
  return readHeaderAt(paths.map((path) => ({ path, name: path })));
}

/** The same for files that people know under another name than their path. */
export async function readHeaderAt(
  files: readonly { readonly path: string; readonly name: string }[],
): Promise<ModelHeader> {
  const sources: (ByteSource & AsyncDisposable)[] = [];
  try {
    for (const { path, name } of files) sources.push(await onModelFile(path, () => openFileSource(path, name)));
    return await readModelHeader(sources);
  } finally {
    for (const source of sources) await source[Symbol.asyncDispose]();
  }
}

export async function demandFile(path: string, shards = 1): Promise<number> {
  const status = await onModelFile(path, () => stat(path), shards);
  if (status.isDirectory()) {
    throw new FlexInferError('INVALID_MODEL_FILE', `${path} is a folder`, { todo: 'name the .gguf file inside it' });
  }
  if (!status.isFile()) throw new FlexInferError('INVALID_MODEL_FILE', `${path} is no regular file`);
  return status.size;
}

async function onModelFile<Result>(path: string, work: () => Promise<Result>, shards = 1): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP') {
      const what = shards > 1 ? `one of the ${shards} shards is missing: ${path}` : `there is no file ${path}`;
      throw new FlexInferError('MODEL_NOT_FOUND', what, { cause: error, todo: 'check the path' });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new FlexInferError('MODEL_NOT_FOUND', `${path} may not be read by this user`, {
        cause: error,
        todo: 'give yourself the right to read it',
      });
    }
    throw error;
  }
}
