import { describe, expect, it } from 'vitest';
import { isGguf, modelFiles, parseShardName } from './shards.ts';

describe('shards', () => {
  it('names every shard of a split model, whichever is given', () => {
    const expected = ['d/m-00001-of-00003.gguf', 'd/m-00002-of-00003.gguf', 'd/m-00003-of-00003.gguf'];

    expect(modelFiles('d/m-00002-of-00003.gguf')).toEqual(expected);
  });

  it('leaves a single file alone', () => {
    expect(modelFiles('d/m-1-of-3.gguf')).toEqual(['d/m-1-of-3.gguf']);
    expect(parseShardName('m-00000-of-00000.gguf')).toBeUndefined();
  });

  it('knows a GGUF file by its ending', () => {
    expect(isGguf('A.GGUF')).toBe(true);
    expect(isGguf('a.gguf.txt')).toBe(false);
  });
});
