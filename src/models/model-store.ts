import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Clock } from '../api/clock.ts';
import { FlexInferError } from '../api/errors.ts';
import { cancelled } from './cancelled.ts';
import { readModelHeader } from './header.ts';
import { type Environment, hubEndpoint, hubToken, isOffline } from './hub/credentials.ts';
import { downloadInto } from './hub/download.ts';
import { HubHttp } from './hub/http.ts';
import { type HuggingFaceReference, hubFileSource, type ResolvedHubModel, resolveOnHub } from './hub/hugging-face.ts';
import { DEFAULT_RETRY, type RetryPolicy } from './hub/retry.ts';
import { demandFile, openLocalModel, readHeaderAt, readLocalHeader } from './local-model.ts';
import type {
  InspectedModel,
  ListedModel,
  ModelFile,
  ModelHeader,
  ModelReference,
  PullProgress,
  StoredModel,
} from './model.ts';
import { ProgressReporter } from './progress.ts';
import { formatModelReference, parseModelReference } from './reference.ts';
import { neverPulled, notYet, refuseOtherFormats, vanished } from './refusals.ts';
import { modelFiles } from './shards.ts';
import { blobSize, digestMismatch } from './store/blobs.ts';
import { asDiskError, type FreeBytes, freeBytesOf, onDisk } from './store/disk.ts';
import { blobPath, prepareStore, refuseOtherVersions, type StoreLayout, storeLayout } from './store/layout.ts';
import type { PartialFile } from './store/partial-file.ts';
import { isPinned, pinSnapshot } from './store/pins.ts';
import { lastUsedMs, type PruneOptions, type PruneReport, pruneStore } from './store/prune.ts';
import { Reception, totalSize } from './store/reception.ts';
import { listRefs, readRef, writeRef } from './store/refs.ts';
import { createSnapshot, listSnapshots, readSnapshot, type Snapshot, touchSnapshot } from './store/snapshots.ts';
import { sweepStore } from './store/sweep.ts';

export interface ModelStoreOptions {
  /** Where HF_ENDPOINT, HF_TOKEN and the proxies are read from. Default: this process's. */
  readonly env?: Environment;
  readonly clock?: Clock;
  readonly retry?: Partial<RetryPolicy>;
  readonly freeBytes?: FreeBytes;
}

export interface PullOptions {
  /** SHA-256 the model file must have; of a split model, its first shard. */
  readonly sha256?: string | undefined;
  readonly policy?: 'IfNotPresent' | 'Always' | 'Never' | undefined;
  /** Replaces the token of the environment. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

export interface ImportOptions extends Pick<PullOptions, 'signal' | 'onProgress'> {
  readonly sha256: string;
}

const SYSTEM_CLOCK: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };

/** MODEL_CACHE_PATH, else `flexinfer/models` in the user's cache folder. */
export function defaultCacheDirectory(env: Environment): string {
  const chosen = env['MODEL_CACHE_PATH'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(cache, 'flexinfer', 'models');
}

/**
 * The models of one machine: content-addressed, shared by every process that opens the same folder. Nothing unverified
 * is ever visible, and a kill at any moment leaves a complete model or none.
 */
export class ModelStore {
  readonly root: string;
  readonly #layout: StoreLayout;
  readonly #env: Environment;
  readonly #clock: Clock;
  readonly #retry: RetryPolicy;
  readonly #reception: Reception;
  #prepared: Promise<void> | undefined;
  /** Snapshots that this process keeps from being pruned until it ends. */
  readonly #pinned = new Set<string>();

  constructor(root: string, options: ModelStoreOptions = {}) {
    this.root = resolve(root);
    this.#layout = storeLayout(this.root);
    this.#env = options.env ?? process.env;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
    this.#reception = new Reception(this.#layout, this.#clock, options.freeBytes ?? freeBytesOf);
  }

  /**
   * Gets a model onto this machine and verifies it. A model that is there already costs no network traffic, unless the
   * policy is `Always`; `file://` models are used where they lie.
   *
   * @throws FlexInferError for everything that can go wrong; nothing half-written becomes visible.
   */
  async pull(source: string, options: PullOptions = {}): Promise<StoredModel> {
    const reference = parseModelReference(source);
    if (options.signal?.aborted === true) throw cancelled();
    if (reference.scheme === 'file') return this.#pullLocal(source, reference.path, options);
    if (reference.scheme !== 'hf') throw notYet(source, reference);
    refuseOtherFormats(source, reference);
    await this.#prepare();
    const progress = new ProgressReporter(options.onProgress, this.#clock.monotonicMs);
    const known = await this.#findKnown(reference, options);
    // A known digest leaves nothing to ask, whatever the policy.
    const settled = options.policy !== 'Always' || options.sha256 !== undefined;
    if (known !== undefined && settled) return this.#use(source, known, true, progress);
    if (options.policy === 'Never') throw neverPulled(source);
    progress.phase('resolving');
    await using http = await this.#openHub(options.token);
    try {
      const resolved = await resolveOnHub(http, reference, source, options.signal);
      return await this.#pullResolved(http, source, reference, resolved, options, progress);
    } catch (error) {
      // With `Always` a model that is here still starts when the hub is away.
      const away = error instanceof FlexInferError && ['UNREACHABLE', 'RATE_LIMITED'].includes(error.code);
      if (known === undefined || !away) throw error;
      return { ...(await this.#use(source, known, true, progress)), stale: true };
    }
  }

  /** Reads only headers, by range requests where the model is elsewhere. */
  async inspect(source: string, options: Pick<PullOptions, 'token' | 'signal'> = {}): Promise<InspectedModel> {
    const reference = parseModelReference(source);
    if (reference.scheme === 'file') return inspectLocal(source, reference.path);
    if (reference.scheme !== 'hf') throw notYet(source, reference);
    refuseOtherFormats(source, reference);
    await using http = await this.#openHub(options.token);
    const resolved = await resolveOnHub(http, reference, source, options.signal);
    const header = await readModelHeader(resolved.files.map((file) => hubFileSource(http, file, options.signal)));
    const files = resolved.files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 }));
    return { source, header, files, sizeBytes: totalSize(files), commit: resolved.commit };
  }

  /** Takes a local file into the store as the content of a reference, after verifying it. The file is copied. */
  async importFile(source: string, path: string, options: ImportOptions): Promise<StoredModel> {
    const reference = parseModelReference(source);
    if (reference.scheme !== 'hf') {
      throw new FlexInferError('UNSUPPORTED', `${source}: only hf:// references can be imported`, {
        todo: 'use file:// for a local file',
      });
    }
    const sizeBytes = await demandFile(path);
    await this.#prepare();
    const progress = new ProgressReporter(options.onProgress, this.#clock.monotonicMs);
    const file: ModelFile = { path: reference.file ?? basename(path), sizeBytes, sha256: options.sha256 };
    const moved = await this.#reception.receive(
      [file],
      options.signal,
      progress,
      () => (partial, onReceived) => copyInto(partial, path, onReceived, options.signal),
    );
    const snapshot = await this.#materialise([file], file.path);
    if (snapshot === undefined) throw vanished(source);
    await this.#remember(reference, snapshot);
    return this.#use(source, snapshot, !moved, progress);
  }

  async list(): Promise<readonly ListedModel[]> {
    await refuseOtherVersions(this.#layout);
    const refs = await listRefs(this.#layout);
    const models: ListedModel[] = [];
    for (const snapshot of await listSnapshots(this.#layout)) {
      const header = await headerIfIntact(snapshot);
      if (header === undefined) continue;
      models.push({
        sources: refs.filter((ref) => ref.snapshot === snapshot.id).map((ref) => ref.source),
        contentHash: snapshot.id,
        files: snapshot.files,
        mainFile: join(snapshot.directory, snapshot.mainFile),
        sizeBytes: totalSize(snapshot.files),
        header,
        lastUsedMs: await lastUsedMs(this.#layout, snapshot.id),
        inUse: await isPinned(this.#layout, snapshot.id),
      });
    }
    return models;
  }

  async prune(options: PruneOptions = {}): Promise<PruneReport> {
    await refuseOtherVersions(this.#layout);
    const nowMs = this.#clock.wallMs();
    return onDisk(this.root, () => pruneStore(this.#layout, options, nowMs));
  }

  /** Makes the folders and clears what killed processes left, once. */
  async #prepare(): Promise<void> {
    this.#prepared ??= (async () => {
      await prepareStore(this.#layout);
      await onDisk(this.root, () => sweepStore(this.#layout, this.#clock.wallMs()));
    })();
    try {
      await this.#prepared;
    } catch (error) {
      this.#prepared = undefined;
      throw error;
    }
  }

  async #pullLocal(source: string, path: string, options: PullOptions): Promise<StoredModel> {
    const progress = new ProgressReporter(options.onProgress, this.#clock.monotonicMs);
    progress.phase('verifying');
    // Without a usable cache a local file only has to be hashed again at every start.
    const layout = await this.#prepare().then(
      () => this.#layout,
      (error: unknown) => {
        if (asDiskError(error, this.root) instanceof FlexInferError) return undefined;
        throw error;
      },
    );
    const model = await openLocalModel(source, path, {
      onBytes: (done) => progress.bytes(done, basename(path)),
      ...(options.signal !== undefined && { signal: options.signal }),
      ...(layout !== undefined && { layout }),
    });
    const [main] = model.files;
    if (options.sha256 !== undefined && main !== undefined && main.sha256 !== options.sha256) {
      throw digestMismatch({ label: source, sha256: options.sha256, sizeBytes: main.sizeBytes }, main.sha256);
    }
    progress.phase('ready', model.sizeBytes);
    return model;
  }

  /** Whether {@link pull} would find the model here, without asking any network. Local files are always here. */
  async has(source: string, options: Pick<PullOptions, 'sha256'> = {}): Promise<boolean> {
    const reference = parseModelReference(source);
    if (reference.scheme === 'file') return true;
    if (reference.scheme !== 'hf') return false;
    await this.#prepare();
    return (await this.#findKnown(reference, options)) !== undefined;
  }

  /** A model of the store that the reference meant before, or that has the wanted digest. */
  async #findKnown(reference: HuggingFaceReference, options: PullOptions): Promise<Snapshot | undefined> {
    const ref = await readRef(this.#layout, formatModelReference(reference));
    const snapshot = ref === undefined ? undefined : await readSnapshot(this.#layout, ref.snapshot);
    const { sha256 } = options;
    if (sha256 === undefined || (snapshot !== undefined && mainDigest(snapshot) === sha256)) return snapshot;
    const { file } = reference;
    if (file === undefined) {
      return (await listSnapshots(this.#layout)).find((candidate) => mainDigest(candidate) === sha256);
    }
    const sizeBytes = await blobSize(this.#layout, sha256);
    if (sizeBytes === undefined || modelFiles(file).length > 1) return undefined;
    const made = await this.#materialise([{ path: file, sizeBytes, sha256 }], file);
    if (made !== undefined) await this.#remember(reference, made);
    return made;
  }

  async #pullResolved(
    http: HubHttp,
    source: string,
    reference: HuggingFaceReference,
    resolved: ResolvedHubModel,
    options: PullOptions,
    progress: ProgressReporter,
  ): Promise<StoredModel> {
    const [main] = resolved.files;
    if (main !== undefined && options.sha256 !== undefined && main.sha256 !== options.sha256) {
      throw digestMismatch({ label: source, sha256: options.sha256, sizeBytes: main.sizeBytes }, main.sha256);
    }
    const urls = new Map(resolved.files.map((file) => [file.path, file.url]));
    const files = resolved.files.map(({ path, sizeBytes, sha256 }) => ({ path, sizeBytes, sha256 }));
    let moved = false;
    let snapshot: Snapshot | undefined;
    // A prune in another process can take a blob between its arrival and its link; then it is fetched again, once.
    for (let round = 0; round < 2 && snapshot === undefined; round += 1) {
      const fetched = await this.#reception.receive(
        files,
        options.signal,
        progress,
        (file) => (partial, onReceived) => {
          const url = urls.get(file.path) ?? http.endpoint;
          return downloadInto(http, partial, {
            url,
            sizeBytes: file.sizeBytes,
            label: `${source} (${file.path})`,
            signal: options.signal,
            onReceived,
          });
        },
      );
      moved ||= fetched;
      progress.phase('materialising', totalSize(files));
      snapshot = await this.#materialise(files, resolved.mainFile);
    }
    if (snapshot === undefined) throw vanished(source);
    await this.#remember(reference, snapshot, resolved.commit);
    return this.#use(source, snapshot, !moved, progress);
  }

  /** Only what a reader understands becomes a model: what was promised and sent faithfully may still be no GGUF file. */
  async #materialise(files: readonly ModelFile[], mainFile: string): Promise<Snapshot | undefined> {
    const shards = modelFiles(mainFile).flatMap((path) => files.filter((file) => file.path === path));
    await readHeaderAt(shards.map((file) => ({ path: blobPath(this.#layout, file.sha256), name: file.path })));
    return createSnapshot(this.#layout, files, mainFile);
  }

  async #remember(reference: ModelReference, snapshot: Snapshot, commit?: string): Promise<void> {
    await onDisk(this.root, () =>
      writeRef(this.#layout, {
        source: formatModelReference(reference),
        snapshot: snapshot.id,
        resolvedAtMs: this.#clock.wallMs(),
        ...(commit !== undefined && { commit }),
      }),
    );
  }

  async #use(source: string, snapshot: Snapshot, cacheHit: boolean, progress: ProgressReporter): Promise<StoredModel> {
    const header = await readLocalHeader(localPaths(snapshot));
    const sizeBytes = totalSize(snapshot.files);
    if (!this.#pinned.has(snapshot.id)) await pinSnapshot(this.#layout, snapshot.id);
    this.#pinned.add(snapshot.id);
    await touchSnapshot(this.#layout, snapshot.id, this.#clock.wallMs());
    progress.expect(sizeBytes);
    progress.phase('ready', sizeBytes);
    const mainFile = join(snapshot.directory, snapshot.mainFile);
    const { files, directory, id } = snapshot;
    return { source, files, directory, mainFile, contentHash: id, header, sizeBytes, cacheHit };
  }

  async #openHub(token: string | undefined): Promise<HubHttp> {
    if (isOffline(this.#env)) {
      throw new FlexInferError('UNREACHABLE', 'HF_HUB_OFFLINE forbids asking the hub', {
        todo: 'unset HF_HUB_OFFLINE, or use a model that is here',
        terminal: true,
      });
    }
    return new HubHttp({
      endpoint: hubEndpoint(this.#env),
      token: token ?? (await hubToken(this.#env)),
      env: this.#env,
      policy: this.#retry,
      nowMs: this.#clock.wallMs,
    });
  }
}

async function inspectLocal(source: string, path: string): Promise<InspectedModel> {
  const paths = modelFiles(path);
  const files = [];
  for (const each of paths) files.push({ path: basename(each), sizeBytes: await demandFile(each, paths.length) });
  return { source, header: await readLocalHeader(paths), files, sizeBytes: totalSize(files) };
}

async function copyInto(
  partial: PartialFile,
  path: string,
  onReceived: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const chunk of createReadStream(path, { start: partial.received, highWaterMark: 2 ** 20 })) {
    if (signal?.aborted === true) throw cancelled();
    const bytes: Uint8Array = chunk;
    await partial.append(bytes);
    onReceived(partial.received);
  }
}

function localPaths(snapshot: Snapshot): readonly string[] {
  return modelFiles(snapshot.mainFile).map((path) => join(snapshot.directory, path));
}

/** A disk can rot: one unreadable model must not hide the others. */
async function headerIfIntact(snapshot: Snapshot): Promise<ModelHeader | undefined> {
  try {
    return await readLocalHeader(localPaths(snapshot));
  } catch (error) {
    if (error instanceof FlexInferError && error.code === 'INVALID_MODEL_FILE') return undefined;
    throw error;
  }
}

function mainDigest(snapshot: Snapshot): string | undefined {
  return snapshot.files.find((file) => file.path === snapshot.mainFile)?.sha256;
}
