import { mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { FlexInferError, messageOf } from '../api/errors.ts';

/** Where one machine keeps its benchmark records, engine logs and the list of running servers. */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['FLEXINFER_STATE'];
  if (own !== undefined && own !== '') return own;
  const base = env['XDG_STATE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'state'), 'flexinfer');
}

/**
 * Makes a folder of the state and its parents, one by one: Node's recursive mkdir never returns in /proc.
 *
 * @throws FlexInferError STATE_UNUSABLE
 */
export async function makeStateFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw stateUnusable(folder, error);
  }
}

/** What a failed read or write of the state means to a person. */
export function stateUnusable(path: string, error: unknown): FlexInferError {
  return new FlexInferError('STATE_UNUSABLE', `the state in ${path} cannot be used: ${messageOf(error)}`, {
    todo: 'make it readable and writable, or name another folder in FLEXINFER_STATE',
    cause: error,
  });
}

async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    // Another process was faster.
    if (!(await isFolder(folder))) throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
