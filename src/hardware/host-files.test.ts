import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hostFiles } from './host-files.ts';
import { blockedFile } from './testing/blocked-file.ts';
import { writeHostTree } from './testing/host-tree.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flexinfer-files-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('hostFiles', () => {
  it('reads below its root', async () => {
    await writeHostTree(root, { '/sys/a/b': 'text\n' });
    const files = hostFiles(root);

    expect(await files.read('/sys/a/b')).toEqual({ text: 'text\n' });
    expect(await files.list('/sys/a')).toEqual(['b']);
    expect(await files.readBytes('/sys/a/b', 2)).toEqual(new Uint8Array([0x74, 0x65]));
  });

  it('says why there is nothing to read, and lists nothing, when an entry has vanished', async () => {
    const files = hostFiles(root);

    expect(await files.read('/sys/gone')).toEqual({ code: 'ENOENT' });
    expect(await files.list('/sys/gone')).toBeUndefined();
    expect(await files.readBytes('/sys/gone', 4)).toBeUndefined();
    expect(await files.linkName('/sys/gone')).toBeUndefined();
    expect(await files.realName('/sys/gone')).toBeUndefined();
  });

  it('names what a link points at, and what it ends at', async () => {
    await writeHostTree(root, {
      '/devices/0000:03:00.0/vendor': '',
      '/bus/0000:03:00.0': { link: '../devices/0000:03:00.0' },
      '/class/card0': { link: '../bus/0000:03:00.0' },
      '/class/driver': { link: '../bus/drivers/amdgpu' },
    });
    const files = hostFiles(root);

    expect(await files.realName('/class/card0')).toBe('0000:03:00.0');
    // The drivers' directories need not be mounted for their names to be known.
    expect(await files.linkName('/class/driver')).toBe('amdgpu');
  });

  it('refuses a file beyond the cap', async () => {
    await writeFile(join(root, 'big'), 'x'.repeat(101));

    const files = hostFiles(root, { timeoutMs: 2000, maxBytes: 100 });

    expect(await files.read('/big')).toEqual({ code: 'TOO_LARGE' });
  });

  it('gives up on a read that blocks, and does not start it again while it does', async () => {
    await using blocked = blockedFile(join(root, 'blocked'));
    await writeFile(join(root, 'fine'), 'fine');
    const files = hostFiles(root, { timeoutMs: 20, maxBytes: 100 });

    const first = await files.read('/blocked');
    // Had each of these blocked a thread, the next file could not be read: Node has four.
    const again = await Promise.all(Array.from({ length: 8 }, () => files.read('/blocked')));
    const other = await hostFiles(root).read('/fine');

    expect(blocked).toBeDefined();
    expect(first).toEqual({ code: 'STUCK' });
    expect(again).toEqual(Array.from({ length: 8 }, () => ({ code: 'STUCK' })));
    expect(other).toEqual({ text: 'fine' });
  });

  it('tries nothing more once three reads block, and goes on when they return', async () => {
    const names = ['a', 'b', 'c'];
    const blocked = names.map((name) => blockedFile(join(root, name)));
    await writeFile(join(root, 'fine'), 'fine');
    const files = hostFiles(root, { timeoutMs: 500, maxBytes: 100 });

    await Promise.all(names.map((name) => files.read(`/${name}`)));
    const meanwhile = await files.read('/fine');
    for (const file of blocked) await file[Symbol.asyncDispose]();

    expect(meanwhile).toEqual({ code: 'STUCK' });
    await vi.waitFor(async () => expect(await files.read('/fine')).toEqual({ text: 'fine' }));
  });
});
