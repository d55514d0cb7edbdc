import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { fileDigest } from '../../src/models/store/file-digest.ts';
import { namesIn, storeLayout } from '../../src/models/store/layout.ts';
import { removeSealed } from '../../src/models/store/sealed-tree.ts';
import { contentOf, corruptBlobs, startPull } from './pulling.ts';

const PROCESSES = 6;

let folder: string;
let hub: FakeHub;
let sha256: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-racing-'));
  const path = join(folder, 'm.gguf');
  const { sizeBytes } = await writeGguf(path, hollowModel(20 * 2 ** 20));
  sha256 = await fileDigest(path);
  hub = await FakeHub.start({
    repositories: { 'org/hollow': { files: { 'm.gguf': await contentOf(path, sizeBytes) } } },
  });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await removeSealed(folder);
});

describe('several processes that pull one model into one empty cache', () => {
  it('all get it, also when one of them is killed, and leave nothing but the model', async () => {
    const root = join(folder, 'cache');
    const runs = Array.from({ length: PROCESSES }, () =>
      startPull({ root, source: 'hf://org/hollow/m.gguf', endpoint: hub.endpoint }),
    );
    const [victim, ...others] = runs;
    await victim?.started;

    victim?.child.kill('SIGKILL');
    const ends = await Promise.all(others.map((run) => run.ended));

    expect(ends.map(({ events }) => events.at(-1))).toEqual(
      ends.map(() => expect.objectContaining({ event: 'done', sha256 })),
    );
    const layout = storeLayout(root);
    expect(await namesIn(layout.snapshots)).toHaveLength(1);
    expect(await corruptBlobs(layout.blobs)).toEqual([]);
    // What the killed one left, if anything, is free for the taking; the others left nothing.
    expect((await namesIn(layout.partial)).length).toBeLessThanOrEqual(1);
  });
});
