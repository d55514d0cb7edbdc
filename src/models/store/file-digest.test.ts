import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { fileDigest } from './file-digest.ts';
import { namesIn, prepareStore, type StoreLayout, storeLayout } from './layout.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

let layout: StoreLayout;
let path: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flexinfer-digest-'));
  layout = storeLayout(folder);
  path = join(folder, 'm.gguf');
  await prepareStore(layout);
  await writeFile(path, 'weights');
});
afterEach(() => rm(layout.root, { recursive: true }));

describe('fileDigest', () => {
  it('hashes a file and remembers the digest', async () => {
    expect(await fileDigest(path, { layout })).toBe(digest('weights'));
    const [record] = await namesIn(layout.digests);
    expect(record).toBeDefined();

    const told: number[] = [];
    expect(await fileDigest(path, { layout, onBytes: (done) => told.push(done) })).toBe(digest('weights'));
    expect(told).toEqual([]);
  });

  it('hashes again what has changed, even when size and modification time are the same', async () => {
    await fileDigest(path, { layout });
    const { atime, mtime } = await stat(path);

    await writeFile(path, 'weighty');
    await utimes(path, atime, mtime);

    expect(await fileDigest(path, { layout })).toBe(digest('weighty'));
  });

  it('works without a place to remember, and with a broken memory', async () => {
    expect(await fileDigest(path)).toBe(digest('weights'));
    await fileDigest(path, { layout });
    for (const name of await namesIn(layout.digests)) await writeFile(join(layout.digests, name), '{"sha256":"0"}');
    expect(await fileDigest(path, { layout })).toBe(digest('weights'));
    await rm(layout.digests, { recursive: true });
    expect(await fileDigest(path, { layout })).toBe(digest('weights'));
  });

  it('notices a file that grows while it is read', async () => {
    await truncate(path, 256 * 2 ** 20);

    const failure = await failureOf(fileDigest(path, { layout, onBytes: () => appendFileSync(path, 'more') }));

    expect(failure.message).toContain('was changed while it was read');
    expect(await namesIn(layout.digests)).toEqual([]);
  });

  it('stops when it is interrupted', async () => {
    await truncate(path, 2 ** 31);
    const interrupt = new AbortController();

    const failure = await failureOf(fileDigest(path, { signal: interrupt.signal, onBytes: () => interrupt.abort() }));

    expect(failure.code).toBe('CANCELLED');
    expect((await failureOf(fileDigest(path, { signal: interrupt.signal }))).code).toBe('CANCELLED');
  });

  it('passes on what the disk says', async () => {
    await expect(fileDigest(join(layout.root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(fileDigest(layout.root)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
