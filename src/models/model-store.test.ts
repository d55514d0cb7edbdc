import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, failureOrNone } from './failure-of.ts';
import type { PullProgress } from './model.ts';
import { defaultCacheDirectory, type ModelStore } from './model-store.ts';
import { blobPath } from './store/layout.ts';
import { removeSealed } from './store/sealed-tree.ts';
import { modelBytes, SOURCE, StoreFixture, modelSha256 as sha256 } from './store-fixture.ts';

let fixture: StoreFixture;
let store: ModelStore;
beforeEach(async () => {
  fixture = await StoreFixture.start();
  store = fixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('pull from a hub', () => {
  it('stores a verified model, tells its progress and reads its header', async () => {
    const told: PullProgress[] = [];

    const model = await store.pull(SOURCE, { onProgress: (each) => told.push(each) });

    expect(model).toMatchObject({
      source: SOURCE,
      cacheHit: false,
      sizeBytes: modelBytes.length,
      header: { name: 'random-llama' },
    });
    expect((await readFile(model.mainFile)).equals(modelBytes)).toBe(true);
    expect((await stat(model.mainFile)).mode & 0o777).toBe(0o444);
    expect((await stat(model.directory)).mode & 0o777).toBe(0o555);
    expect([...new Set(told.map(({ phase }) => phase))]).toEqual([
      'resolving',
      'downloading',
      'verifying',
      'materialising',
      'ready',
    ]);
    expect(told.at(-1)).toEqual({ phase: 'ready', doneBytes: modelBytes.length, totalBytes: modelBytes.length });
  });

  it('asks nobody for a model it has', async () => {
    await store.pull(SOURCE);
    const before = fixture.hub.requests.length;

    const again = await fixture.open().pull('hf://org/llama/m.gguf');

    expect(again.cacheHit).toBe(true);
    expect(fixture.hub.requests).toHaveLength(before);
  });

  it('stores the same bytes once, whatever they are called', async () => {
    const first = await store.pull(SOURCE);
    const second = await store.pull('hf://org/llama@main/twin.gguf');

    expect((await stat(first.mainFile)).ino).toBe((await stat(second.mainFile)).ino);
    expect(second.cacheHit).toBe(true);
    expect(fixture.hub.downloads()).toHaveLength(1);
  });

  it('pulls all shards of a split model', async () => {
    const model = await store.pull('hf://org/split');

    expect(model.files.map(({ path }) => path)).toEqual(['s-00001-of-00002.gguf', 's-00002-of-00002.gguf']);
    expect(model.mainFile.endsWith('s-00001-of-00002.gguf')).toBe(true);
    expect(model.header.split).toEqual({ index: 0, count: 2 });
  });

  it('downloads once for two pulls at the same time, and lets one go on when the other is interrupted', async () => {
    const interrupt = new AbortController();
    fixture.hub.faults.push({ kind: 'stall', afterBytes: 1000 });
    const first = failureOrNone(store.pull(SOURCE, { signal: interrupt.signal }));
    await expect.poll(() => fixture.hub.downloads().length).toBe(1);
    const second = store.pull(SOURCE);

    interrupt.abort();

    expect((await first)?.code).toBe('CANCELLED');
    expect((await second).sizeBytes).toBe(modelBytes.length);
    const both = await Promise.all([store.pull('hf://org/split'), store.pull('hf://org/split')]);
    expect(both[0].contentHash).toBe(both[1].contentHash);
    expect(fixture.hub.downloads()).toHaveLength(4);
  });

  it('passes the token on, from the options or the environment', async () => {
    expect((await failureOf(store.pull('hf://org/private'))).code).toBe('AUTH_REQUIRED');
    expect((await store.pull('hf://org/private', { token: 'hf_secret' })).cacheHit).toBe(false);
    const env = { ...fixture.hub.environment(fixture.folder), HF_TOKEN: 'hf_secret' };
    expect((await fixture.open({ env }).inspect('hf://org/private')).header.name).toBe('random-llama');
  });

  it('takes over again what a prune in another process took away', async () => {
    const { contentHash } = await store.pull(SOURCE);
    await removeSealed(join(fixture.layout.snapshots, contentHash));
    await rm(blobPath(fixture.layout, sha256));

    expect((await store.pull(SOURCE)).cacheHit).toBe(false);
  });

  it.each<[string, string, RegExp]>([
    ['oci://127.0.0.1:5000/m:v1', 'UNSUPPORTED', /oci:\/\/ models cannot be pulled yet/],
    ['ollama://qwen3', 'UNSUPPORTED', /ollama/],
    ['pvc://claim/m.gguf', 'UNSUPPORTED', /pvc/],
    ['hf://org/broken/w.safetensors', 'UNSUPPORTED', /only GGUF/],
    ['hf://org/broken', 'INVALID_MODEL_FILE', /m\.gguf: not a GGUF file/],
    ['hf://org/evil', 'UNSUPPORTED_ARTIFACT', /path/],
    ['nonsense', 'INVALID_REFERENCE', /no scheme/],
  ])('refuses %s', async (source, code, why) => {
    const failure = await failureOf(store.pull(source));

    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(why);
    expect(await fixture.visible()).toEqual([]);
  });
});

describe('a wanted SHA-256', () => {
  it('refuses a model whose hub promises another one, before the first byte', async () => {
    const failure = await failureOf(store.pull(SOURCE, { sha256: '0'.repeat(64) }));

    expect(failure.code).toBe('DIGEST_MISMATCH');
    expect(failure.message).toContain(sha256);
    expect(fixture.hub.downloads()).toEqual([]);
    expect(await fixture.visible()).toEqual([]);
  });

  it('needs no network when the store has it, even under a name it never saw', async () => {
    await store.pull(SOURCE);
    const alone = await fixture.openAlone();

    const named = await alone.pull('hf://other/repo@v9/x.gguf', { sha256 });
    const unnamed = await alone.pull('hf://third/repo', { sha256, policy: 'Always' });

    expect(named.mainFile.endsWith('/x.gguf')).toBe(true);
    expect(unnamed.files[0]?.sha256).toBe(sha256);
    expect([named.cacheHit, unnamed.cacheHit]).toEqual([true, true]);
  });

  it('is not satisfied by another version that is here', async () => {
    await store.pull(SOURCE);

    expect((await failureOf(store.pull(SOURCE, { sha256: '1'.repeat(64) }))).code).toBe('DIGEST_MISMATCH');
  });
});

describe('the pull policy', () => {
  it('Never: takes what is here and nothing else', async () => {
    expect(await failureOf(store.pull(SOURCE, { policy: 'Never' }))).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await store.pull(SOURCE);
    const before = fixture.hub.requests.length;

    expect((await store.pull(SOURCE, { policy: 'Never' })).cacheHit).toBe(true);
    expect(fixture.hub.requests).toHaveLength(before);
  });

  it('Always: asks the hub, and moves no bytes when nothing changed', async () => {
    await store.pull(SOURCE);
    const before = fixture.hub.requests.length;

    const again = await store.pull(SOURCE, { policy: 'Always' });

    expect(again.cacheHit).toBe(true);
    expect(fixture.hub.requests.length).toBe(before + 1);
  });

  it('Always: starts from what is here when the hub is away', async () => {
    await store.pull(SOURCE);

    const alone = await fixture.openAlone();

    expect(await alone.pull(SOURCE, { policy: 'Always' })).toMatchObject({ cacheHit: true, stale: true });
  });

  it('says that the hub is away when there is nothing here', async () => {
    const failure = await failureOf((await fixture.openAlone()).pull(SOURCE));

    expect(failure.code).toBe('UNREACHABLE');
    expect(failure.todo).toContain('HF_ENDPOINT');
    expect(await fixture.visible()).toEqual([]);
  });

  it('asks nobody when HF_HUB_OFFLINE is set', async () => {
    const env = { ...fixture.hub.environment(fixture.folder), HF_HUB_OFFLINE: '1' };

    expect((await failureOf(fixture.open({ env }).pull(SOURCE))).message).toContain('HF_HUB_OFFLINE');
    expect(fixture.hub.requests).toEqual([]);
  });
});

describe('defaultCacheDirectory', () => {
  it.each([
    [{ MODEL_CACHE_PATH: '/models', HOME: '/home/a' }, '/models'],
    [{ XDG_CACHE_HOME: '/xdg', HOME: '/home/a' }, '/xdg/flexinfer/models'],
    [{ HOME: '/home/a' }, '/home/a/.cache/flexinfer/models'],
  ])('%j gives %s', (env, expected) => {
    expect(defaultCacheDirectory(env)).toBe(expected);
  });
});
