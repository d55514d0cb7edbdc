import { chmod, chown, stat } from 'node:fs/promises';
import { FlexInferError } from '../../api/errors.ts';
import { makeFolder } from '../../runtime/make-folder.ts';

/** The user and group that every pod of FlexInfer runs as. */
export const CACHE_GROUP = 65_532;
/** Group may write, and what is made inside belongs to the group as well. */
export const CACHE_MODE = 0o2775;

/**
 * Makes the cache folder of a node usable for the pods of all namespaces. Changes nothing that is right already, so a
 * second start needs no rights.
 *
 * @throws FlexInferError CACHE_UNUSABLE when the folder is wrong and this user may not put it right
 */
export async function prepareCache(path: string, group = CACHE_GROUP): Promise<void> {
  try {
    await makeFolder(path);
    const { uid, gid, mode } = await stat(path);
    if (gid !== group) await chown(path, uid, group);
    // Changing the group may have taken the set-group-id bit away.
    if (gid !== group || (mode & 0o7777) !== CACHE_MODE) await chmod(path, CACHE_MODE);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FlexInferError('CACHE_UNUSABLE', `the model cache ${path} cannot be prepared (${code})`, {
      todo: `give it to group ${group} with mode 2775, or let the agent do so`,
      cause: error,
    });
  }
}
