import { FlexInferError } from '../../api/errors.ts';
import type { ByteSource } from '../byte-source.ts';
import { isRecord } from '../json.ts';
import type { ModelReference } from '../model.ts';
import { refuseUnsafePaths } from '../path-rules.ts';
import { isGguf, modelFiles, parseShardName } from '../shards.ts';
import { hubFailure } from './failures.ts';
import { type HttpResponse, type HubHttp, notAHub } from './http.ts';

export type HuggingFaceReference = Extract<ModelReference, { scheme: 'hf' }>;

/** A file as the hub describes it. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Address pinned to the commit. */
  readonly url: URL;
}

/** What a reference means at this moment. */
export interface ResolvedHubModel {
  readonly commit: string;
  /** In shard order. */
  readonly files: readonly HubFile[];
  readonly mainFile: string;
}

/**
 * Asks the hub which commit, files, sizes and SHA-256 a reference means. One HEAD request per file gives all of it: the
 * hub names commit, size and digest of a large file in X-Repo-Commit, X-Linked-Size and X-Linked-Etag.
 * Source: huggingface_hub's get_hf_file_metadata.
 */
export async function resolveOnHub(
  http: HubHttp,
  reference: HuggingFaceReference,
  label: string,
  signal?: AbortSignal,
): Promise<ResolvedHubModel> {
  const chosen = reference.file ?? (await onlyModelFile(http, reference, label, signal));
  const paths = modelFiles(chosen);
  // Before it becomes part of an address: `..` would lead to another one.
  refuseUnsafePaths(paths);
  const first = await describeFile(http, reference, paths[0] ?? chosen, label, signal);
  const pinned = { ...reference, revision: first.commit };
  const files = [first.file];
  for (const path of paths.slice(1)) files.push((await describeFile(http, pinned, path, label, signal)).file);
  return { commit: first.commit, files, mainFile: first.file.path };
}

/** A file on the hub that is read by ranges. The redirect to storage is followed anew for every range. */
export function hubFileSource(http: HubHttp, file: HubFile, signal?: AbortSignal): ByteSource {
  return {
    name: file.path,
    sizeBytes: file.sizeBytes,
    async read(offset, length) {
      const last = Math.min(offset + length, file.sizeBytes) - 1;
      if (last < offset) return new Uint8Array(0);
      const headers = { range: `bytes=${offset}-${last}` };
      const response = await http.request({ method: 'GET', url: file.url, headers, signal });
      return readRange(response, file, offset, last - offset + 1);
    },
  };
}

async function readRange(response: HttpResponse, file: HubFile, offset: number, length: number): Promise<Uint8Array> {
  const whole = response.status === 200;
  if (!whole && response.status !== 206) throw await hubFailure(response, file.path, false);
  if (!whole && !response.header('content-range')?.startsWith(`bytes ${offset}-`)) {
    throw notAHub(response.url, 'answered another range than was asked for');
  }
  const bytes = new Uint8Array(length);
  let skip = whole ? offset : 0;
  let filled = 0;
  for await (const chunk of response.body) {
    const part: Uint8Array = chunk;
    const useful = part.subarray(Math.min(skip, part.length), Math.min(skip, part.length) + length - filled);
    skip -= Math.min(skip, part.length);
    bytes.set(useful, filled);
    filled += useful.length;
    if (filled === length) break;
  }
  return bytes.subarray(0, filled);
}

async function describeFile(
  http: HubHttp,
  reference: HuggingFaceReference,
  path: string,
  label: string,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; file: HubFile }> {
  const url = resolveUrl(http, reference, path);
  const response = await http.request({ method: 'HEAD', url, signal, stayOnOrigin: true });
  await response.body.dump();
  if (response.status >= 400) throw await missingFile(http, reference, response, label, signal);
  const commit = response.header('x-repo-commit') ?? (await commitOf(http, reference, label, signal));
  if (!/^[0-9a-f]{40}$/.test(commit)) throw notAHub(response.url, 'names no commit');
  const size = Number(response.header('x-linked-size') ?? response.header('content-length') ?? Number.NaN);
  const etag = (response.header('x-linked-etag') ?? response.header('etag') ?? '').replace(/^W\/|"/g, '');
  const listed =
    /^[0-9a-f]{64}$/.test(etag) && Number.isSafeInteger(size)
      ? undefined
      : await listing(http, reference, label, signal);
  const sha256 = listed === undefined ? etag : listed.files.get(path)?.sha256;
  const sizeBytes = listed === undefined ? size : listed.files.get(path)?.sizeBytes;
  if (sha256 === undefined || sizeBytes === undefined) {
    throw new FlexInferError('UNSUPPORTED', `${label}: the hub gives no SHA-256 for ${path}`, {
      todo: 'name a file that is kept in large-file storage, as .gguf files are',
    });
  }
  return { commit, file: { path, sizeBytes, sha256, url: resolveUrl(http, { ...reference, revision: commit }, path) } };
}

interface Listing {
  readonly commit: string | undefined;
  readonly files: ReadonlyMap<string, { readonly sizeBytes: number | undefined; readonly sha256: string | undefined }>;
}

/** The repository's files from the hub's model API. */
async function listing(
  http: HubHttp,
  { repository, revision }: HuggingFaceReference,
  label: string,
  signal: AbortSignal | undefined,
): Promise<Listing> {
  const url = new URL(`api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`, http.endpoint);
  const response = await http.request({ method: 'GET', url, signal, stayOnOrigin: true });
  if (response.status !== 200) throw await hubFailure(response, label, http.hasToken);
  const body = await http.readJson(response);
  const siblings: unknown = isRecord(body) ? body['siblings'] : undefined;
  if (!isRecord(body) || !Array.isArray(siblings)) throw notAHub(response.url, 'answers no list of files');
  const files = new Map<string, { sizeBytes: number | undefined; sha256: string | undefined }>();
  for (const sibling of siblings) {
    if (!isRecord(sibling) || typeof sibling['rfilename'] !== 'string') continue;
    const lfs = isRecord(sibling['lfs']) ? sibling['lfs'] : {};
    const size = lfs['size'] ?? sibling['size'];
    const sha256 = lfs['sha256'];
    files.set(sibling['rfilename'], {
      sizeBytes: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : undefined,
      sha256: typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    });
  }
  return { commit: typeof body['sha'] === 'string' ? body['sha'] : undefined, files };
}

async function commitOf(
  http: HubHttp,
  reference: HuggingFaceReference,
  label: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(reference.revision)) return reference.revision;
  return (await listing(http, reference, label, signal)).commit ?? '';
}

async function onlyModelFile(
  http: HubHttp,
  reference: HuggingFaceReference,
  label: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const choices = modelChoices([...(await listing(http, reference, label, signal)).files.keys()]);
  const [only] = choices;
  if (only !== undefined && choices.length === 1) return only;
  if (only === undefined) {
    throw new FlexInferError('MODEL_NOT_FOUND', `${label}: the repository has no GGUF file`, {
      todo: 'choose a repository with GGUF files',
    });
  }
  throw new FlexInferError('INVALID_REFERENCE', `${label} has ${choices.length} models: ${shortList(choices)}`, {
    todo: 'name one of them after the repository',
  });
}

/** Models among the files: single files, and the first shard of each split one; projectors are no models. */
function modelChoices(paths: readonly string[]): readonly string[] {
  return paths
    .filter((path) => isGguf(path) && (parseShardName(path)?.index ?? 1) === 1)
    .filter((path) => !/(?:^|\/)mmproj/i.test(path))
    .sort();
}

async function missingFile(
  http: HubHttp,
  reference: HuggingFaceReference,
  response: HttpResponse,
  label: string,
  signal: AbortSignal | undefined,
): Promise<FlexInferError> {
  const failure = await hubFailure(response, label, http.hasToken);
  if (response.header('x-error-code') !== 'EntryNotFound') return failure;
  const choices = modelChoices([...(await listing(http, reference, label, signal)).files.keys()]);
  return new FlexInferError('MODEL_NOT_FOUND', failure.message, {
    todo: choices.length === 0 ? 'choose a repository with GGUF files' : `name one of ${shortList(choices)}`,
  });
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}

function resolveUrl(http: HubHttp, { repository, revision }: HuggingFaceReference, path: string): URL {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return new URL(`${repository}/resolve/${encodeURIComponent(revision)}/${escaped}`, http.endpoint);
}
