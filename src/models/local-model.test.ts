import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from './failure-of.ts';
import { hollowModel, randomLlama } from './gguf/synthetic-models.ts';
import { ggufBytes, u32 } from './gguf/write-gguf.ts';
import { openLocalModel } from './local-model.ts';
import { contentHash } from './store/snapshots.ts';

let folder: string;
let path: string;
const bytes = ggufBytes(randomLlama());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-local-'));
  path = join(folder, 'm.gguf');
  await writeFile(path, bytes);
});
afterEach(() => rm(folder, { recursive: true }));

describe('openLocalModel', () => {
  it('describes a file where it lies', async () => {
    const model = await openLocalModel(`file://${path}`, path);

    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const files = [{ path: 'm.gguf', sizeBytes: bytes.length, sha256 }];
    expect(model).toMatchObject({ files, directory: folder, mainFile: path, sizeBytes: bytes.length, cacheHit: true });
    expect(model.contentHash).toBe(contentHash(files));
    expect(model.header.name).toBe('random-llama');
  });

  it('takes all shards of a split model', async () => {
    for (const no of [0, 1]) {
      const shard = hollowModel(10_000);
      const metadata = { ...shard.metadata, 'split.no': u32(no), 'split.count': u32(2) };
      await writeFile(join(folder, `s-0000${no + 1}-of-00002.gguf`), ggufBytes({ ...shard, metadata }));
    }

    const model = await openLocalModel('file://x', join(folder, 's-00002-of-00002.gguf'));

    expect(model.mainFile).toBe(join(folder, 's-00001-of-00002.gguf'));
    expect(model.files).toHaveLength(2);
  });

  it.each<[string, () => Promise<string> | string, string, RegExp]>([
    ['a missing file', () => join(folder, 'no.gguf'), 'MODEL_NOT_FOUND', /there is no file/],
    ['a path through a file', () => join(path, 'no.gguf'), 'MODEL_NOT_FOUND', /there is no file/],
    ['a name too long for any file', () => join(folder, 'n'.repeat(300)), 'MODEL_NOT_FOUND', /there is no file/],
    ['a folder', () => folder, 'INVALID_MODEL_FILE', /is a folder/],
    ['a device', () => '/dev/null', 'INVALID_MODEL_FILE', /no regular file/],
    [
      'a missing shard',
      async () => {
        await writeFile(join(folder, 's-00001-of-00002.gguf'), bytes);
        return join(folder, 's-00001-of-00002.gguf');
      },
      'MODEL_NOT_FOUND',
      /one of the 2 shards is missing.*00002-of-00002/,
    ],
    [
      'a truncated file',
      async () => {
        await truncate(path, bytes.length - 100);
        return path;
      },
      'INVALID_MODEL_FILE',
      /past the end/,
    ],
    [
      'something else',
      async () => {
        await writeFile(path, 'just a text, but long enough');
        return path;
      },
      'INVALID_MODEL_FILE',
      /not a GGUF file/,
    ],
  ])('refuses %s', async (_title, make, code, why) => {
    const failure = await failureOf(openLocalModel('file://x', await make()));

    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(why);
  });

  it.skipIf(process.getuid?.() === 0)('refuses a file it may not read', async () => {
    await chmod(path, 0);

    expect((await failureOf(openLocalModel('file://x', path))).message).toContain('may not be read');
  });
});
