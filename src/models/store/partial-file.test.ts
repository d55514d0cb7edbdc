import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { blobPath, namesIn, prepareStore, type StoreLayout, storeLayout } from './layout.ts';
import { newFreeToken } from './owner.ts';
import { PartialFile, removeOrphans, resumableBytes } from './partial-file.ts';

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const bytes = Buffer.alloc(9 * 2 ** 20, 'flexinfer');
const sha256 = digest(bytes);

let layout: StoreLayout;
beforeEach(async () => {
  layout = storeLayout(await mkdtemp(join(tmpdir(), 'flexinfer-partial-')));
  await prepareStore(layout);
});
afterEach(() => rm(layout.root, { recursive: true }));

const leaveBehind = (content: Uint8Array) => writeFile(join(layout.partial, `${sha256}.${newFreeToken()}`), content);

describe('PartialFile', () => {
  it('makes bytes visible only when they are committed', async () => {
    const file = await PartialFile.open(layout, sha256, Date.now());
    await file.append(bytes);
    expect(await file.digest()).toBe(sha256);
    expect(await namesIn(layout.blobs)).toEqual([]);

    await file.commit(sha256);

    expect((await readFile(blobPath(layout, sha256))).equals(bytes)).toBe(true);
    expect((await stat(blobPath(layout, sha256))).mode & 0o777).toBe(0o444);
    expect(await namesIn(layout.partial)).toEqual([]);
  });

  it('has the same digest and content however the bytes are cut', async () => {
    const small = bytes.subarray(0, 100_000);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40_000 }), { maxLength: 12 }), async (sizes) => {
        const file = await PartialFile.open(layout, digest(small), Date.now());
        let at = 0;
        for (const size of [...sizes, small.length]) {
          await file.append(small.subarray(at, at + size));
          at = Math.min(small.length, at + size);
        }
        expect(file.received).toBe(small.length);
        expect(await file.digest()).toBe(digest(small));
        await file.commit(digest(small));
        expect((await readFile(blobPath(layout, digest(small)))).equals(small)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('goes on with what another process left, and hashes that part again', async () => {
    await leaveBehind(bytes.subarray(0, 5_000_000));
    expect(await resumableBytes(layout, sha256, Date.now())).toBe(5_000_000);

    const file = await PartialFile.open(layout, sha256, Date.now());

    expect(file.received).toBe(5_000_000);
    await file.append(bytes.subarray(5_000_000));
    expect(await file.digest()).toBe(sha256);
    await file.discard();
  });

  it('takes the longest of several, and only one taker gets it', async () => {
    await leaveBehind(bytes.subarray(0, 10));
    await leaveBehind(bytes.subarray(0, 1000));

    const files = await Promise.all([1, 2, 3].map(() => PartialFile.open(layout, sha256, Date.now())));

    expect(files.map((file) => file.received).sort((a, b) => b - a)).toEqual([1000, 10, 0]);
    for (const file of files) await file.discard();
  });

  it('leaves what it has to the next attempt of the same process', async () => {
    const file = await PartialFile.open(layout, sha256, Date.now());
    await file.append(bytes.subarray(0, 123));
    await file.keep();

    const next = await PartialFile.open(layout, sha256, Date.now());

    expect(next.received).toBe(123);
    await next.discard();
    expect(await namesIn(layout.partial)).toEqual([]);
  });

  it('never touches a file that is being written', async () => {
    const writing = await PartialFile.open(layout, sha256, Date.now());
    await writing.append(bytes.subarray(0, 123));

    const second = await PartialFile.open(layout, sha256, Date.now());

    expect(second.received).toBe(0);
    await second.discard();
    await removeOrphans(layout, sha256, Date.now());
    expect(await namesIn(layout.partial)).toHaveLength(1);
    await writing.discard();
  });

  it('starts over from nothing when it has to', async () => {
    const file = await PartialFile.open(layout, sha256, Date.now());
    await file.append(Buffer.alloc(5 * 2 ** 20, 'wrong'));

    await file.restart();
    await file.append(bytes);

    expect(await file.digest()).toBe(sha256);
    await file.discard();
  });

  it.skipIf(process.getuid?.() === 0)('says that the cache may not be written', async () => {
    await chmod(layout.partial, 0o555);

    await expect(PartialFile.open(layout, sha256, Date.now())).rejects.toMatchObject({ code: 'CACHE_UNUSABLE' });
    await chmod(layout.partial, 0o755);
  });
});
