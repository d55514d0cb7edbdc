import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hollowModel, randomLlama } from './gguf/synthetic-models.ts';
import { ggufBytes, u32, type WritableGguf } from './gguf/write-gguf.ts';
import { FakeHub } from './hub/fake-hub.ts';
import { ModelStore, type ModelStoreOptions } from './model-store.ts';
import { namesIn, type StoreLayout, storeLayout } from './store/layout.ts';
import { removeSealed } from './store/sealed-tree.ts';

/** For tests: a model on a fake hub, and an empty store that pulls from it. */

export const SOURCE = 'hf://org/llama@main/m.gguf';
export const modelBytes = ggufBytes(randomLlama());
export const modelSha256 = sha256Of(modelBytes);
export const shardBytes = [ggufBytes(shard(0)), ggufBytes(shard(1))] as const;

export class StoreFixture implements AsyncDisposable {
  readonly folder: string;
  readonly hub: FakeHub;
  readonly root: string;
  readonly layout: StoreLayout;

  private constructor(folder: string, hub: FakeHub) {
    this.folder = folder;
    this.hub = hub;
    this.root = join(folder, 'cache');
    this.layout = storeLayout(this.root);
  }

  static async start(): Promise<StoreFixture> {
    const hub = await FakeHub.start({
      token: 'hf_secret',
      repositories: {
        'org/llama': { files: { 'm.gguf': modelBytes, 'twin.gguf': modelBytes } },
        'org/split': { files: { 's-00001-of-00002.gguf': shardBytes[0], 's-00002-of-00002.gguf': shardBytes[1] } },
        'org/broken': {
          files: { 'm.gguf': Buffer.from('this was never a model at all'), 'w.safetensors': modelBytes },
        },
        'org/evil': { files: { '../m.gguf': modelBytes } },
        'org/private': { files: { 'm.gguf': modelBytes }, access: 'private' },
      },
    });
    return new StoreFixture(await mkdtemp(join(tmpdir(), 'flexinfer-store-')), hub);
  }

  open(options: ModelStoreOptions = {}): ModelStore {
    const retry = { firstDelayMs: 1, largestDelayMs: 2, stallMs: 200 };
    return new ModelStore(this.root, { env: this.hub.environment(this.folder), retry, ...options });
  }

  /** A store whose hub does not answer. */
  async openAlone(): Promise<ModelStore> {
    const gone = await FakeHub.start({ repositories: {} });
    const env = gone.environment(this.folder);
    await gone[Symbol.asyncDispose]();
    return this.open({ env });
  }

  /** What a reader of the store, or of its folder, could take for a model or a leftover. */
  async visible(): Promise<readonly string[]> {
    const listed = (await this.open().list()).map(({ contentHash }) => contentHash);
    return [...listed, ...(await namesIn(this.layout.snapshots)), ...(await namesIn(this.layout.tmp))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub[Symbol.asyncDispose]();
    await removeSealed(this.folder);
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function shard(no: number): WritableGguf {
  const model = hollowModel(50_000, `shard ${no}`);
  return { ...model, metadata: { ...model.metadata, 'split.no': u32(no), 'split.count': u32(2) } };
}
