import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { ModelStore } from '../../src/models/model-store.ts';
import { fileDigest } from '../../src/models/store/file-digest.ts';
import { namesIn, storeLayout } from '../../src/models/store/layout.ts';
import { ownerState } from '../../src/models/store/owner.ts';
import { removeSealed } from '../../src/models/store/sealed-tree.ts';
import { sweepStore } from '../../src/models/store/sweep.ts';
import { contentOf, corruptBlobs, pull, startPull } from './pulling.ts';

const SOURCE = 'hf://org/hollow/m.gguf';
/** More than two of the store's buffers, so that kills fall between writes as well. */
const SIZE = 12 * 2 ** 20;
const ROUNDS = 60;
/** Hundreds of processes, one after the other, on a machine that may be busy. */
const PATIENCE_MS = 1_200_000;

let folder: string;
let hub: FakeHub;
let sha256: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-kill-'));
  const path = join(folder, 'm.gguf');
  const { sizeBytes } = await writeGguf(path, hollowModel(SIZE));
  sha256 = await fileDigest(path);
  hub = await FakeHub.start({
    repositories: { 'org/hollow': { files: { 'm.gguf': await contentOf(path, sizeBytes) } } },
  });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await removeSealed(folder);
});

/** What a reader sees: the digest of every model in the list, computed from its bytes. */
async function listedDigests(root: string): Promise<readonly string[]> {
  const models = await new ModelStore(root, { env: {} }).list();
  return Promise.all(models.map(({ mainFile }) => fileDigest(mainFile)));
}

async function expectCompleteOrAbsent(root: string, when: string): Promise<void> {
  const digests = await listedDigests(root);
  expect([when, digests.filter((digest) => digest !== sha256)]).toEqual([when, []]);
  expect([when, digests.length <= 1]).toEqual([when, true]);
  const { blobs } = storeLayout(root);
  const corrupt = (await namesIn(blobs)).length === 0 ? [] : await corruptBlobs(blobs);
  expect([when, corrupt]).toEqual([when, []]);
}

/** A pull after the killing succeeds, and afterwards nothing is left of the killed ones. */
async function expectRecovery(root: string, when: string): Promise<void> {
  const store = new ModelStore(root, { env: hub.environment(folder) });
  const model = await store.pull(SOURCE);
  expect([when, model.files[0]?.sha256]).toEqual([when, sha256]);
  const layout = storeLayout(root);
  await sweepStore(layout, Date.now());
  expect([when, await listedDigests(root)]).toEqual([when, [sha256]]);
  expect([when, await namesIn(layout.partial), await namesIn(layout.tmp)]).toEqual([when, [], []]);
  // One pin: that of this very process, which has just pulled.
  const pins = await Promise.all((await namesIn(layout.pins)).map((id) => namesIn(join(layout.pins, id))));
  expect([when, pins.flat().map(ownerState)]).toEqual([when, ['alive']]);
}

describe('a pull that is killed', () => {
  it(
    'before each of its operations on the disk leaves a complete model or none, and the next pull finishes',
    async () => {
      const root = join(folder, 'steps');
      const whole = await pull({ root, source: SOURCE, endpoint: hub.endpoint });
      const operations = whole?.event === 'done' ? whole.operations : 0;
      expect(operations).toBeGreaterThan(20);

      for (let step = 1; step <= operations; step += 1) {
        await removeSealed(root);
        const { signal } = await startPull({ root, source: SOURCE, endpoint: hub.endpoint, killBefore: step }).ended;
        const when = `killed before operation ${step} of ${operations}`;
        expect([when, signal]).toEqual([when, 'SIGKILL']);
        await expectCompleteOrAbsent(root, when);
        await expectRecovery(root, when);
      }
      console.log(`killed before each of ${operations} operations on the disk`);
    },
    PATIENCE_MS,
  );

  it(
    `at ${ROUNDS} random moments leaves a complete model or none`,
    async () => {
      const root = join(folder, 'random');
      const first = startPull({ root, source: SOURCE, endpoint: hub.endpoint });
      await first.started;
      const began = performance.now();
      await first.ended;
      const durationMs = performance.now() - began;
      let interrupted = 0;

      for (let round = 1; round <= ROUNDS; round += 1) {
        // What a killed pull left stays for the next one; only a finished model makes room for a new beginning.
        if ((await listedDigests(root)).length > 0) await removeSealed(root);
        const momentMs = Math.random() * durationMs;
        const run = startPull({ root, source: SOURCE, endpoint: hub.endpoint });
        await run.started;
        await Promise.race([delay(momentMs), once(run.child, 'exit')]);
        run.child.kill('SIGKILL');
        const { events } = await run.ended;
        if (events.at(-1)?.event === 'started') interrupted += 1;
        await expectCompleteOrAbsent(root, `round ${round}, killed after ${momentMs.toFixed(1)} ms`);
      }

      await expectRecovery(root, 'after all rounds');
      console.log(`killed at ${ROUNDS} random moments, ${interrupted} of them before the pull was done`);
      expect(interrupted).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );
});
