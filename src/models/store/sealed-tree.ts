import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './disk.ts';

/** Makes every folder from `folder` down read-only, deepest first. Files in it are read-only already. */
export async function sealFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await sealFolders(join(folder, entry.name));
  }
  await chmod(folder, 0o555);
}

/** Removes a tree whose folders may be read-only. Links are removed, never followed. */
export async function removeSealed(path: string): Promise<void> {
  try {
    await unsealFolders(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await rm(path, { recursive: true, force: true });
}

async function unsealFolders(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o755);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await unsealFolders(join(path, entry.name));
  }
}
