import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hollowModel, randomLlama } from './synthetic-models.ts';
import { ggufBytes, writeGguf } from './write-gguf.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-gguf-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeGguf', () => {
  it('writes the same bytes to a file as to memory', async () => {
    const path = join(folder, 'a.gguf');

    await writeGguf(path, randomLlama());

    expect((await readFile(path)).equals(ggufBytes(randomLlama()))).toBe(true);
  });

  it('writes gigabytes that take no room', async () => {
    const path = join(folder, 'hollow.gguf');

    const { sizeBytes } = await writeGguf(path, hollowModel(8 * 2 ** 30));

    const { size, blocks } = await stat(path);
    expect(size).toBe(sizeBytes);
    expect(Math.abs(size - 8 * 2 ** 30)).toBeLessThan(8192);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  it('makes the same random llama from the same seed', () => {
    expect(ggufBytes(randomLlama(7)).equals(ggufBytes(randomLlama(7)))).toBe(true);
    expect(ggufBytes(randomLlama(7)).equals(ggufBytes(randomLlama(8)))).toBe(false);
  });

  it('refuses what would be no valid file', () => {
    const tensor = (more: object) => ({ metadata: {}, tensors: [{ name: 't', shape: [32], ...more }] });

    expect(() => ggufBytes(tensor({ type: 'Q9_9' }))).toThrow('unknown tensor type');
    expect(() => ggufBytes(tensor({ data: new Uint8Array(3) }))).toThrow('3 bytes');
    expect(() => ggufBytes(tensor({ type: 'Q4_K' }))).toThrow('whole blocks');
  });
});
