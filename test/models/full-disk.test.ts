import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { obtain } from '../backends/obtain.ts';
import { contentOf, pull } from './pulling.ts';

const SOURCE = 'hf://org/hollow/m.gguf';

/** A private mount namespace, which an ordinary user may make on most machines. */
const namespaces = await obtain('mount namespace', async () => {
  const { status, stderr } = spawnSync('unshare', ['-rm', 'true'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr || 'unshare is missing');
  return true;
});

let folder: string;
let root: string;
let hub: FakeHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-disk-'));
  root = join(folder, 'cache');
  await mkdir(root);
  const path = join(folder, 'm.gguf');
  const { sizeBytes } = await writeGguf(path, hollowModel(40 * 2 ** 20));
  hub = await FakeHub.start({
    repositories: { 'org/hollow': { files: { 'm.gguf': await contentOf(path, sizeBytes) } } },
  });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Runs the program with a small file system of its own at the cache's place. */
const onDisk = (sizeMiB: number, then = '') => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${sizeMiB}m none "$0" && ${then} exec "$@"`,
  root,
];
const visible = (files: readonly string[]) => files.filter((file) => !file.endsWith('/layout.json'));

describe.skipIf(namespaces === undefined)('a pull onto a small disk', () => {
  it('is refused before the first byte when it cannot fit', async () => {
    const last = await pull({ root, source: SOURCE, endpoint: hub.endpoint }, onDisk(32));

    expect(last).toMatchObject({ event: 'failed', code: 'NO_SPACE' });
    expect(last?.event === 'failed' && last.message).toMatch(/104\.0 MiB needed and 3[0-9.]+ MiB free/);
    expect(hub.downloads()).toEqual([]);
  });

  it('that fills up midway says so and leaves nothing', async () => {
    const last = await pull({ root, source: SOURCE, endpoint: hub.endpoint, freeBytes: 2 ** 40 }, onDisk(32));

    expect(last).toMatchObject({ event: 'failed', code: 'NO_SPACE' });
    expect(last?.event === 'failed' && last.message).toContain('is full');
    expect(last?.event === 'failed' && visible(last.files)).toEqual([]);
  });

  it('that is read-only says so', async () => {
    const last = await pull(
      { root, source: SOURCE, endpoint: hub.endpoint },
      onDisk(32, 'mount -o remount,ro "$0" &&'),
    );

    expect(last).toMatchObject({ event: 'failed', code: 'CACHE_UNUSABLE' });
    expect(last?.event === 'failed' && last.message).toContain('read-only');
  });

  it('that has room succeeds', async () => {
    expect(await pull({ root, source: SOURCE, endpoint: hub.endpoint }, onDisk(200))).toMatchObject({ event: 'done' });
  });
});
