import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { removeSealed } from '../../src/models/store/sealed-tree.ts';
import { contentOf, pull } from './pulling.ts';

const SIZES = { small: 256 * 2 ** 20, large: 2 * 2 ** 30 };

let folder: string;
let hub: FakeHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-flat-'));
  const content = async (name: keyof typeof SIZES) => {
    const path = join(folder, `${name}.gguf`);
    return contentOf(path, (await writeGguf(path, hollowModel(SIZES[name], name))).sizeBytes);
  };
  const files = { 'small.gguf': await content('small'), 'large.gguf': await content('large') };
  hub = await FakeHub.start({ repositories: { 'org/hollow': { files } } });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await removeSealed(folder);
});

describe('memory during a pull', () => {
  it('does not grow with the file: 2 GiB take what 256 MiB take', async () => {
    const growth: Record<string, number> = {};
    for (const name of ['small', 'large']) {
      const root = join(folder, 'cache');
      const last = await pull({ root, source: `hf://org/hollow/${name}.gguf`, endpoint: hub.endpoint });
      await removeSealed(root);

      expect(last).toMatchObject({ event: 'done' });
      growth[name] = last?.event === 'done' ? last.growthMiB : Number.NaN;
    }
    await rm(join(folder, 'large.gguf'));

    console.log(
      `resident set grew by ${growth['small']?.toFixed(0)} MiB for 256 MiB, ${growth['large']?.toFixed(0)} MiB for 2 GiB`,
    );
    expect(growth['large']).toBeLessThan(200);
    expect(growth['large']).toBeLessThan((growth['small'] ?? 0) + 64);
  });
});
