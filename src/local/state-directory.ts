import { homedir } from 'node:os';
import { join } from 'node:path';
import { FlexInferError, messageOf } from '../api/errors.ts';
import { makeFolder } from '../runtime/make-folder.ts';

/** Where one machine keeps its benchmark records, engine logs and the list of running servers. */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['FLEXINFER_STATE'];
  if (own !== undefined && own !== '') return own;
  const base = env['XDG_STATE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'state'), 'flexinfer');
}

/**
 * Makes a folder of the state and its parents.
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
