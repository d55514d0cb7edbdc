import { homedir } from 'node:os';
import { join } from 'node:path';
import { FlexInferError } from '../../api/errors.ts';
import { readIfThere } from '../store/layout.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The access token for a Hugging Face hub, or `undefined`.
 *
 * HF_TOKEN, then the file that `hf auth login` writes: HF_TOKEN_PATH, else `token` in HF_HOME, else in
 * `huggingface` of the cache folder. Source: huggingface_hub's constants.py and get_token.
 */
export async function hubToken(env: Environment): Promise<string | undefined> {
  const direct = clean(env['HF_TOKEN']) ?? clean(env['HUGGING_FACE_HUB_TOKEN']);
  if (direct !== undefined) return checked(direct, 'HF_TOKEN');
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined;
  const path = tokenPath(env);
  const stored = clean(await readToken(path));
  return stored === undefined ? undefined : checked(stored, path);
}

export function hubEndpoint(env: Environment): URL {
  const text = clean(env['HF_ENDPOINT']) ?? 'https://huggingface.co';
  const endpoint = URL.parse(text);
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol)) {
    throw new FlexInferError('USAGE', `HF_ENDPOINT is ${JSON.stringify(text)}, which is no http or https address`, {
      todo: 'write it like https://host',
    });
  }
  endpoint.pathname = endpoint.pathname.replace(/\/*$/, '/');
  return endpoint;
}

/** HF_HUB_OFFLINE forbids the network, as it does for the hub's own tools. */
export function isOffline(env: Environment): boolean {
  return isTrue(env['HF_HUB_OFFLINE']);
}

function tokenPath(env: Environment): string {
  const cache = clean(env['XDG_CACHE_HOME']) ?? join(clean(env['HOME']) ?? homedir(), '.cache');
  return clean(env['HF_TOKEN_PATH']) ?? join(clean(env['HF_HOME']) ?? join(cache, 'huggingface'), 'token');
}

/** A token that cannot be read is treated as absent: the hub then says whether one is needed. */
async function readToken(path: string): Promise<string | undefined> {
  try {
    return await readIfThere(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** A token becomes a header: a line break in it would become another header. */
function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new FlexInferError('AUTH_REQUIRED', `the token in ${where} has characters that no token has`, {
    todo: 'copy it again',
  });
}

function clean(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === undefined || text === '' ? undefined : text;
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'on', 'yes', 'true'].includes(value?.trim().toLowerCase() ?? '');
}
