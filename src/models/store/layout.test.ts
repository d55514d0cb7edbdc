import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { namesIn, prepareStore, refuseOtherVersions, storeLayout, writeAtomically } from './layout.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-layout-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('prepareStore', () => {
  it('makes a cache where there was nothing, and recognises it afterwards', async () => {
    const layout = storeLayout(join(folder, 'a/b'));

    await prepareStore(layout);
    await prepareStore(layout);

    expect(await readdir(layout.root)).toEqual(['v1']);
  });

  it('leaves what others keep in the folder alone', async () => {
    await writeFile(join(folder, 'notes.txt'), 'mine');

    await prepareStore(storeLayout(folder));

    expect([...(await readdir(folder))].sort()).toEqual(['notes.txt', 'v1']);
  });

  it.each([
    ['a newer version', (root: string) => mkdir(join(root, 'v2'))],
    [
      'another layout inside',
      async (root: string) => {
        await mkdir(join(root, 'v1'));
        await writeFile(join(root, 'v1/layout.json'), '{"layout":7}');
      },
    ],
    [
      'a broken marker',
      async (root: string) => {
        await mkdir(join(root, 'v1'));
        await writeFile(join(root, 'v1/layout.json'), 'x');
      },
    ],
  ])('refuses %s and changes nothing', async (_title, make) => {
    await make(folder);
    const before = await readdir(folder, { recursive: true });

    const failure = await failureOf(prepareStore(storeLayout(folder)));

    expect(failure).toMatchObject({ code: 'CACHE_UNUSABLE' });
    expect(failure.message).toContain('unknown layout');
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  it.each([
    ['is a file', (path: string) => writeFile(path, '')],
    ['lies below a file', (path: string) => writeFile(path.replace(/\/cache$/, ''), '')],
    ['is a link in circles', (path: string) => symlink(path, path)],
  ])('says so when the folder %s', async (title, make) => {
    const path = title === 'lies below a file' ? join(folder, 'file/cache') : join(folder, 'cache');
    await make(path);

    const failure = await failureOf(prepareStore(storeLayout(path)));

    expect(failure.code).toBe('CACHE_UNUSABLE');
    expect(failure.message).toContain(path);
    expect(failure.todo).toContain('--cache');
  });

  it('follows a link to a folder', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));

    await prepareStore(storeLayout(join(folder, 'link')));

    expect(await readdir(join(folder, 'real'))).toEqual(['v1']);
  });
});

describe('refuseOtherVersions', () => {
  it('has nothing against a folder that does not exist', async () => {
    await expect(refuseOtherVersions(storeLayout(join(folder, 'nowhere')))).resolves.toBeUndefined();
  });
});

describe('writeAtomically', () => {
  it('leaves no temporary file, whether it succeeds or not', async () => {
    const layout = storeLayout(folder);
    await prepareStore(layout);

    await writeAtomically(layout, join(layout.refs, 'a'), 'text');
    await expect(writeAtomically(layout, join(layout.refs, 'no/such/folder'), 'text')).rejects.toThrow('ENOENT');

    expect(await namesIn(layout.refs)).toEqual(['a']);
    expect(await namesIn(layout.tmp)).toEqual([]);
  });
});

describe('a folder that nobody can make', () => {
  it('is an error, and not looked for again and again', async () => {
    // The kernel answers ENOENT to mkdir in /proc, although the parent is there.
    await expect(prepareStore(storeLayout('/proc/flexinfer/models'))).rejects.toMatchObject({ code: 'CACHE_UNUSABLE' });
  });
});
