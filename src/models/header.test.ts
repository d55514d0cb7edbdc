import { describe, expect, it } from 'vitest';
import { memorySource } from './byte-source.ts';
import { llamaMetadata, randomLlama } from './gguf/synthetic-models.ts';
import { ggufBytes, numbers, text, u32, type WritableGguf, type WritableValue } from './gguf/write-gguf.ts';
import { readModelHeader } from './header.ts';

const headerOf = (...files: WritableGguf[]) =>
  readModelHeader(files.map((file, index) => memorySource(ggufBytes(file), `file ${index + 1}`)));
const bare = (metadata: Record<string, WritableValue>): WritableGguf => ({
  metadata,
  tensors: [
    { name: 'a', shape: [32, 4], type: 'Q4_0' },
    { name: 'b', shape: [8] },
  ],
});
const llama = (more: Record<string, WritableValue>) => bare({ ...llamaMetadata('made up'), ...more });

describe('readModelHeader', () => {
  it('tells what a person wants to know of a model', async () => {
    // Embedding and output, two layers of attention, feed-forward and norms, and the last norm.
    const weights = 2 * 64 * 259 + 2 * (64 * (2 * 64 + 2 * 32 + 3 * 128) + 2 * 64) + 64;

    const header = await headerOf(randomLlama());

    expect(header).toEqual({
      format: 'gguf',
      architecture: 'llama',
      name: 'random-llama',
      license: 'apache-2.0',
      parameters: weights,
      quantization: 'F32',
      weightBytes: weights * 4,
      trainedContextLength: 2048,
      layers: 2,
      kvBytesPerToken: 2 * 2 * (16 + 16) * 2,
      vocabularySize: 259,
    });
  });

  it('names the quantisation by the declared file type', async () => {
    expect((await headerOf(llama({ 'general.file_type': u32(15) }))).quantization).toBe('Q4_K_M');
  });

  it('names it by the type that holds most bytes when none is declared or the number is unknown', async () => {
    expect((await headerOf(llama({}))).quantization).toBe('Q4_0');
    expect((await headerOf(llama({ 'general.file_type': u32(999) }))).quantization).toBe('Q4_0');
  });

  it('counts weights and bytes from the tensors', async () => {
    const header = await headerOf(llama({}));

    expect(header.parameters).toBe(32 * 4 + 8);
    expect(header.weightBytes).toBe(4 * 18 + 32);
  });

  it('takes head counts from an array with one entry per layer, of which some may be zero', async () => {
    const header = await headerOf(llama({ 'llama.attention.head_count_kv': numbers('u32', [0, 2]) }));

    expect(header.kvBytesPerToken).toBe(2 * (16 + 16) * 2);
  });

  it('believes explicit key and value lengths over the width divided by heads', async () => {
    const lengths = { 'llama.attention.key_length': u32(128), 'llama.attention.value_length': u32(64) };

    expect((await headerOf(llama(lengths))).kvBytesPerToken).toBe(2 * 2 * (128 + 64) * 2);
  });

  it('stores the latent of multi-head latent attention once', async () => {
    const latent = {
      'llama.attention.head_count_kv': u32(1),
      'llama.attention.key_length': u32(576),
      'llama.attention.value_length': u32(512),
      'llama.attention.key_length_mla': u32(192),
    };

    expect((await headerOf(llama(latent))).kvBytesPerToken).toBe(2 * 576 * 2);
  });

  it('tells the layers of a sliding window apart, by the pattern in the file or the architecture', async () => {
    const window = (architecture: string, more: Record<string, WritableValue>) =>
      headerOf(
        bare({
          'general.architecture': text(architecture),
          [`${architecture}.block_count`]: u32(12),
          [`${architecture}.embedding_length`]: u32(64),
          [`${architecture}.attention.head_count`]: u32(4),
          [`${architecture}.attention.sliding_window`]: u32(512),
          ...more,
        }),
      );
    const layer = 4 * (16 + 16) * 2;

    const byArchitecture = await window('gemma3', {});
    const byNumber = await window('made-up', { 'made-up.attention.sliding_window_pattern': u32(4) });
    const pattern = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const byArray = await window('gemma3', { 'gemma3.attention.sliding_window_pattern': numbers('u32', pattern) });
    const unknown = await window('made-up', {});

    expect(byArchitecture.slidingWindow).toEqual({ tokens: 512, kvBytesPerToken: 10 * layer });
    expect(byNumber.slidingWindow).toEqual({ tokens: 512, kvBytesPerToken: 9 * layer });
    expect(byArray.slidingWindow).toEqual({ tokens: 512, kvBytesPerToken: layer });
    expect(unknown.slidingWindow).toBeUndefined();
    expect(unknown.kvBytesPerToken).toBe(12 * layer);
  });

  it('counts only the attention layers of a hybrid model', async () => {
    const header = await headerOf(llama({ 'llama.full_attention_interval': u32(2) }));

    expect(header.kvBytesPerToken).toBe(2 * (16 + 16) * 2);
  });

  it('leaves the KV size open when a dimension is missing', async () => {
    const header = await headerOf(bare({ 'general.architecture': text('mamba'), 'mamba.block_count': u32(24) }));

    expect(header.kvBytesPerToken).toBeUndefined();
    expect(header.trainedContextLength).toBeUndefined();
    expect(header.layers).toBe(24);
  });

  it('refuses a file that names no architecture', async () => {
    await expect(headerOf(bare({}))).rejects.toMatchObject({ code: 'INVALID_MODEL_FILE' });
  });

  it('adds up the shards of a split model', async () => {
    const shard = (no: number) => llama({ 'split.no': u32(no), 'split.count': u32(2) });

    const header = await headerOf(shard(0), shard(1));

    expect(header.parameters).toBe(2 * (32 * 4 + 8));
    expect(header.split).toEqual({ index: 0, count: 2 });
  });

  it('says which shards are missing or out of order', async () => {
    const shard = (no: number) => llama({ 'split.no': u32(no), 'split.count': u32(3) });

    await expect(headerOf(shard(0))).rejects.toThrow('one of 3 shards, of which 1 are here');
    await expect(headerOf(shard(0), shard(2), shard(1))).rejects.toThrow('file 2: holds shard 3 where shard 2');
  });
});
