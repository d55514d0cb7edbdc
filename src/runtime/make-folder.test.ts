import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-folder-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('makeFolder', () => {
  it('makes parents too, is content with what is there, and bears company', async () => {
    const path = join(folder, 'a/b/c');

    await Promise.all([makeFolder(path), makeFolder(path), makeFolder(path)]);
    await makeFolder(path);

    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('gives up where nobody can make a folder, or where a file is', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');

    await expect(makeFolder('/proc/flexinfer/deep')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
