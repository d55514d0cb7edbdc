import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordStore } from './record-store.ts';
import { RunningServers } from './running.ts';
import { makeStateFolder, stateDirectory } from './state-directory.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-state-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('stateDirectory', () => {
  it('prefers the variable of its own, then the one of the desktop, and takes an empty one for none', () => {
    const own = stateDirectory({ FLEXINFER_STATE: '/a', XDG_STATE_HOME: '/b' });
    const desktop = stateDirectory({ FLEXINFER_STATE: '', XDG_STATE_HOME: '/b' });

    expect([own, desktop]).toEqual(['/a', '/b/flexinfer']);
  });
});

describe('makeStateFolder', () => {
  it('makes the folder with its parents, also for two at once', async () => {
    const deep = join(folder, 'a', 'b');

    await Promise.all([makeStateFolder(deep), makeStateFolder(deep)]);

    expect((await stat(deep)).isDirectory()).toBe(true);
  });

  it('is an error where the kernel lets nobody make a folder, and not tried for ever', async () => {
    const made = makeStateFolder('/proc/flexinfer/state');

    await expect(made).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
  });
});

describe('a state folder that is a file', () => {
  it.each([
    ['making it', (path: string) => makeStateFolder(join(path, 'logs'))],
    ['listing records', (path: string) => new RecordStore(path).list()],
    ['listing servers', (path: string) => new RunningServers(path).list()],
  ])('%s says which and what to do', async (_, use) => {
    const path = join(folder, 'file');
    await writeFile(path, '');

    const used = use(path);

    await expect(used).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: expect.stringContaining(path),
      todo: expect.stringContaining('FLEXINFER_STATE'),
    });
  });
});
