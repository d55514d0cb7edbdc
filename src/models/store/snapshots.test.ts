import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import type { ModelFile } from '../model.ts';
import { blobPath, exists, namesIn, prepareStore, type StoreLayout, storeLayout } from './layout.ts';
import { removeSealed } from './sealed-tree.ts';
import { contentHash, createSnapshot, listSnapshots, readSnapshot, removeSnapshot } from './snapshots.ts';

let layout: StoreLayout;
beforeEach(async () => {
  layout = storeLayout(await mkdtemp(join(tmpdir(), 'flexinfer-snapshots-')));
  await prepareStore(layout);
});
afterEach(() => removeSealed(layout.root));

async function blob(text: string, path: string): Promise<ModelFile> {
  const sha256 = createHash('sha256').update(text).digest('hex');
  const target = blobPath(layout, sha256);
  await mkdir(dirname(target), { recursive: true });
  if (!(await exists(target))) await writeFile(target, text, { mode: 0o444 });
  return { path, sizeBytes: text.length, sha256 };
}

async function made(...files: ModelFile[]) {
  const snapshot = await createSnapshot(layout, files, files[0]?.path ?? '');
  if (snapshot === undefined) throw new Error('a blob is missing');
  return snapshot;
}

describe('createSnapshot', () => {
  it('gives the files their names, read-only and without a second copy', async () => {
    const file = await blob('weights', 'sub/dir/m.gguf');

    const snapshot = await made(file);

    const path = join(snapshot.directory, 'sub/dir/m.gguf');
    expect(await readFile(path, 'utf8')).toBe('weights');
    expect((await stat(path)).ino).toBe((await stat(blobPath(layout, file.sha256))).ino);
    const modes = [path, dirname(path), snapshot.directory, dirname(snapshot.directory)].map(
      async (each) => (await stat(each)).mode & 0o777,
    );
    expect(await Promise.all(modes)).toEqual([0o444, 0o555, 0o555, 0o555]);
    expect(await namesIn(layout.tmp)).toEqual([]);
  });

  it('keeps one digest under two paths once', async () => {
    const snapshot = await made(await blob('same', 'a'), await blob('same', 'b'));

    expect((await stat(join(snapshot.directory, 'a'))).ino).toBe((await stat(join(snapshot.directory, 'b'))).ino);
  });

  it('finds what is there already, also when many make it at once', async () => {
    const file = await blob('weights', 'm.gguf');

    const all = await Promise.all(Array.from({ length: 8 }, () => made(file)));

    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(await listSnapshots(layout)).toEqual([all[0]]);
    expect(await namesIn(layout.tmp)).toEqual([]);
  });

  it('finishes one that was killed before its marker', async () => {
    const file = await blob('weights', 'm.gguf');
    const { id } = await made(file);
    await chmod(join(layout.snapshots, id), 0o755);
    await rm(join(layout.snapshots, id, 'ready'));
    expect(await readSnapshot(layout, id)).toBeUndefined();

    expect((await made(file)).id).toBe(id);
    expect(await readSnapshot(layout, id)).toBeDefined();
  });

  it('builds one anew that was killed halfway', async () => {
    const file = await blob('weights', 'm.gguf');
    await mkdir(join(layout.snapshots, contentHash([file]), 'files'), { recursive: true });

    expect((await made(file)).files).toEqual([file]);
  });

  it('reports a blob that vanished', async () => {
    const file = await blob('weights', 'm.gguf');
    await rm(blobPath(layout, file.sha256));

    expect(await createSnapshot(layout, [file], 'm.gguf')).toBeUndefined();
    expect(await namesIn(layout.tmp)).toEqual([]);
  });

  it.each(['../m.gguf', '/etc/m', 'a\\b', 'ready', ''])('refuses the path %j', async (path) => {
    expect((await failureOf(createSnapshot(layout, [await blob('x', path)], path))).code).toBe('UNSUPPORTED_ARTIFACT');
  });

  it('refuses two files of one name', async () => {
    const files = [await blob('x', 'M.gguf'), await blob('y', 'm.gguf')];

    expect((await failureOf(createSnapshot(layout, files, 'm.gguf'))).message).toContain('same file');
  });
});

describe('readSnapshot', () => {
  it.each([
    ['its marker is missing', 'ready', undefined],
    ['its manifest is missing', 'manifest.json', undefined],
    ['its manifest is empty', 'manifest.json', ''],
    ['its manifest speaks of other files', 'manifest.json', '{"mainFile":"m.gguf","files":[]}'],
    ['its manifest is of another shape', 'manifest.json', '{"mainFile":1,"files":{}}'],
  ])('does not believe in a model when %s', async (_title, name, text) => {
    const { id } = await made(await blob('weights', 'm.gguf'));
    const folder = join(layout.snapshots, id);
    await chmod(folder, 0o755);
    await (text === undefined ? rm(join(folder, name)) : writeFile(join(folder, name), text));

    expect(await readSnapshot(layout, id)).toBeUndefined();
    expect(await listSnapshots(layout)).toEqual([]);
  });

  it('does not believe in a model whose file has another size', async () => {
    const { id, directory } = await made(await blob('weights', 'm.gguf'));
    await chmod(join(directory, 'm.gguf'), 0o644);
    await writeFile(join(directory, 'm.gguf'), 'weight');

    expect(await readSnapshot(layout, id)).toBeUndefined();
  });

  it('ignores names that are no snapshots', async () => {
    await mkdir(join(layout.snapshots, 'notes'));

    expect(await listSnapshots(layout)).toEqual([]);
    expect(await readSnapshot(layout, '../refs')).toBeUndefined();
  });
});

describe('removeSnapshot', () => {
  it('takes a read-only tree away and leaves the blob', async () => {
    const file = await blob('weights', 'sub/m.gguf');
    const { id } = await made(file);

    await removeSnapshot(layout, id);

    expect(await namesIn(layout.snapshots)).toEqual([]);
    expect(await exists(blobPath(layout, file.sha256))).toBe(true);
  });
});

describe('contentHash', () => {
  it('does not depend on the order of the files, but on everything else', () => {
    const file = fc.record({ path: fc.string(), sizeBytes: fc.nat(), sha256: fc.string() });
    fc.assert(
      fc.property(fc.uniqueArray(file, { minLength: 1, maxLength: 5, selector: ({ path }) => path }), (files) => {
        const hash = contentHash(files);
        expect(contentHash([...files].reverse())).toBe(hash);
        expect(contentHash(files.map((each) => ({ ...each, sizeBytes: each.sizeBytes + 1 })))).not.toBe(hash);
        expect(contentHash(files.slice(1))).not.toBe(hash);
      }),
    );
  });
});
