import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeStateFolder, stateUnusable } from './state-directory.ts';

/**
 * Writes a file so that a reader, or a crash, sees the old content or the new and nothing between.
 *
 * @throws FlexInferError STATE_UNUSABLE
 */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await makeStateFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeSynced(temporary, `${JSON.stringify(value, undefined, 2)}\n`);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw stateUnusable(path, error);
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * The content of a JSON file; `undefined` when it is missing or not JSON.
 *
 * @throws FlexInferError STATE_UNUSABLE when it is there and cannot be read
 */
export async function readJsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return undefined;
    throw stateUnusable(path, error);
  }
}

/**
 * Paths of the JSON files of a folder; none when there is no such folder yet.
 *
 * @throws FlexInferError STATE_UNUSABLE
 */
export async function jsonFilesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw stateUnusable(folder, error);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
