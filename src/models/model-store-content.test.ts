import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, failureOrNone } from './failure-of.ts';
import type { Fault } from './hub/fake-faults.ts';
import type { ModelStore } from './model-store.ts';
import { namesIn } from './store/layout.ts';
import { removeSealed } from './store/sealed-tree.ts';
import { modelBytes, SOURCE, StoreFixture, modelSha256 as sha256, sha256Of, shardBytes } from './store-fixture.ts';

let fixture: StoreFixture;
let store: ModelStore;
beforeEach(async () => {
  fixture = await StoreFixture.start();
  store = fixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('trouble with the disk', () => {
  it('refuses a pull that cannot fit, with both numbers, before the first byte', async () => {
    const failure = await failureOf(fixture.open({ freeBytes: () => Promise.resolve(1000) }).pull(SOURCE));

    expect(failure.code).toBe('NO_SPACE');
    expect(failure.message).toMatch(/64\.4 MiB needed and 1000 B free/);
    expect(fixture.hub.downloads()).toEqual([]);
  });

  it('counts what is there of a broken-off download as not needed', async () => {
    const big = 200 * 2 ** 20;
    const needed: number[] = [];
    fixture.hub.faults.push(
      { kind: 'cut', afterBytes: 400_000 },
      ...Array.from({ length: 9 }, (): Fault => ({ kind: 'status', status: 500 })),
    );
    await failureOf(store.pull(SOURCE));
    fixture.hub.faults.length = 0;

    await fixture
      .open({
        freeBytes: () => {
          needed.push(0);
          return Promise.resolve(big);
        },
      })
      .pull(SOURCE);

    expect(needed).toHaveLength(1);
    expect(fixture.hub.downloads().at(-1)?.range).toBe('bytes=400000-');
  });

  it('says so when the cache is a file', async () => {
    await writeFile(fixture.root, '');

    expect((await failureOf(store.pull(SOURCE))).code).toBe('CACHE_UNUSABLE');
  });

  it('refuses a cache of another version everywhere', async () => {
    await mkdir(join(fixture.root, 'v2'), { recursive: true });

    for (const work of [store.pull(SOURCE), store.list(), store.prune({ all: true })]) {
      expect((await failureOf(work)).code).toBe('CACHE_UNUSABLE');
    }
  });

  it('still opens a local file when the cache is unusable', async () => {
    await writeFile(fixture.root, '');
    const path = join(fixture.folder, 'local.gguf');
    await writeFile(path, modelBytes);

    expect((await store.pull(`file://${path}`)).header.name).toBe('random-llama');
  });
});

describe('local files', () => {
  it('are used in place, checked against the wanted digest, and not copied', async () => {
    const path = join(fixture.folder, 'my model.gguf');
    await writeFile(path, modelBytes);

    const model = await store.pull(`file://${path}`, { sha256 });

    expect(model.mainFile).toBe(path);
    expect(await namesIn(fixture.layout.blobs)).toEqual([]);
    expect((await failureOf(store.pull(`file://${path}`, { sha256: '0'.repeat(64) }))).code).toBe('DIGEST_MISMATCH');
  });

  it('can be imported as the content of a hub reference, and then need no hub', async () => {
    const path = join(fixture.folder, 'wheel.gguf');
    await writeFile(path, modelBytes);
    const alone = await fixture.openAlone();

    const imported = await alone.importFile(SOURCE, path, { sha256 });

    expect(imported.cacheHit).toBe(false);
    expect((await alone.pull(SOURCE)).contentHash).toBe(imported.contentHash);
    expect((await alone.importFile(SOURCE, path, { sha256 })).cacheHit).toBe(true);
    expect((await store.pull(SOURCE, { policy: 'Always' })).contentHash).toBe(imported.contentHash);
    expect(fixture.hub.downloads()).toEqual([]);
  });

  it('are not imported under a digest they do not have', async () => {
    const path = join(fixture.folder, 'wheel.gguf');
    await writeFile(path, modelBytes);

    expect((await failureOf(store.importFile(SOURCE, path, { sha256: '0'.repeat(64) }))).code).toBe('DIGEST_MISMATCH');
    expect((await failureOf(store.importFile(`file://${path}`, path, { sha256 }))).code).toBe('UNSUPPORTED');
    expect(await fixture.visible()).toEqual([]);
    expect(await namesIn(fixture.layout.partial)).toEqual([]);
  });
});

describe('inspect', () => {
  it('reads headers and downloads nothing', async () => {
    const inspected = await store.inspect('hf://org/split');

    expect(inspected.files).toHaveLength(2);
    expect(inspected.sizeBytes).toBe(shardBytes[0].length + shardBytes[1].length);
    expect(inspected.header.split?.count).toBe(2);
    expect(inspected.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(await namesIn(fixture.root)).toEqual([]);
  });

  it('describes a local file without hashing it', async () => {
    const path = join(fixture.folder, 'm.gguf');
    await writeFile(path, modelBytes);

    expect((await store.inspect(`file://${path}`)).files).toEqual([{ path: 'm.gguf', sizeBytes: modelBytes.length }]);
  });
});

describe('list and prune', () => {
  it('lists what is here with all its names', async () => {
    await store.pull(SOURCE);
    await store.pull('hf://org/llama@c0ffee0000000000000000000000000000000000/m.gguf');

    const [model, ...others] = await store.list();

    expect(others).toEqual([]);
    expect([...(model?.sources ?? [])].sort()).toEqual([
      'hf://org/llama@c0ffee0000000000000000000000000000000000/m.gguf',
      SOURCE,
    ]);
    expect(model).toMatchObject({ inUse: true, sizeBytes: modelBytes.length, header: { architecture: 'llama' } });
  });

  it('does not let one rotten model hide the others', async () => {
    const { mainFile } = await store.pull(SOURCE);
    await store.pull('hf://org/split');
    await chmod(mainFile, 0o644);
    await writeFile(mainFile, Buffer.alloc(modelBytes.length));

    expect(await store.list()).toHaveLength(1);
  });

  it('keeps what a running process uses', async () => {
    await store.pull(SOURCE);

    const report = await store.prune({ all: true });

    expect(report).toMatchObject({ removed: [], inUse: [SOURCE] });
  });

  it('removes models that nobody uses, and frees their bytes', async () => {
    const { contentHash } = await store.pull(SOURCE);
    await rm(join(fixture.layout.pins, contentHash), { recursive: true });

    const tried = await store.prune({ all: true, dryRun: true });
    expect(await store.list()).toHaveLength(1);
    const report = await store.prune({ all: true });

    expect(report).toEqual(tried);
    expect(report.freedBytes).toBe(modelBytes.length);
    expect(report.removed.map(({ kind, name }) => [kind, name])).toEqual([
      ['model', SOURCE],
      ['blob', sha256],
    ]);
    expect(await fixture.visible()).toEqual([]);
    expect(await namesIn(fixture.layout.refs)).toEqual([]);
  });

  it('removes by last use, and keeps a blob that another model needs', async () => {
    const old = await store.pull(SOURCE);
    const day = 86_400_000;
    await rm(join(fixture.layout.pins, old.contentHash), { recursive: true });
    const later = fixture.open({ clock: { monotonicMs: () => 0, wallMs: () => Date.now() + 10 * day } });
    const kept = await later.pull('hf://org/llama@main/twin.gguf');

    const report = await later.prune({ unusedForMs: 5 * day });

    expect(report.removed.map(({ kind }) => kind)).toEqual(['model']);
    expect((await later.list()).map((model) => model.contentHash)).toEqual([kept.contentHash]);
    expect((await readFile(kept.mainFile)).equals(modelBytes)).toBe(true);
  });
});

describe('any plan of faults', () => {
  const offset = fc.nat(modelBytes.length - 1);
  const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
    fc.constant(undefined),
    fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(401, 403, 408, 429, 500, 503) }),
    fc.record({ kind: fc.constant('cut' as const), afterBytes: offset, announced: fc.boolean() }),
    fc.record({ kind: fc.constant('reset' as const), afterBytes: offset }),
    fc.record({ kind: fc.constant('flip' as const), at: offset }),
    fc.record({ kind: fc.constant('wrong-range' as const), start: offset }),
    fc.constantFrom<Fault>(
      { kind: 'longer' },
      { kind: 'endless' },
      { kind: 'ignore-range' },
      { kind: 'range-without-header' },
      { kind: 'range-refused', total: 5 },
      { kind: 'other-total', total: 5 },
      { kind: 'etag', etag: '"other"' },
      { kind: 'gzip-encoded' },
    ),
  );

  it('ends in a verified model or in a typed error with nothing visible', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 10 }), async (faults) => {
        await removeSealed(fixture.root);
        store = fixture.open();
        fixture.hub.faults.length = 0;
        fixture.hub.faults.push(...faults);

        const failure = await failureOrNone(store.pull(SOURCE));

        // A success without the right bytes, or a failure with anything to see, gives another list.
        const models = await fixture.open().list();
        const digests = await Promise.all(models.map(async ({ mainFile }) => sha256Of(await readFile(mainFile))));
        expect(digests).toEqual(failure === undefined ? [sha256] : []);
        expect(await namesIn(fixture.layout.blobs)).toHaveLength(digests.length);
        fixture.hub.faults.length = 0;
        expect((await store.pull(SOURCE)).files[0]?.sha256).toBe(sha256);
        expect(await namesIn(fixture.layout.partial)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
