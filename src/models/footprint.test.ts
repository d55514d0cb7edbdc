import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateFootprint } from './footprint.ts';
import type { ModelHeader } from './model.ts';

const MIB = 2 ** 20;
/** Llama 3 8B in Q4_K_M: 32 layers, 8 KV heads of 128. */
const llama: ModelHeader = {
  format: 'gguf',
  architecture: 'llama',
  parameters: 8.03e9,
  quantization: 'Q4_K_M',
  weightBytes: 4_685 * MIB,
  kvBytesPerToken: 131_072,
};
const input = { contextLength: 8192, parallel: 1, kvCacheType: 'f16', backend: 'llamacpp', gpus: 1 };

describe('estimateFootprint', () => {
  it('adds weights, KV cache and overhead', () => {
    const { parts, perGpuMiB, source } = estimateFootprint(llama, input);

    expect(parts).toEqual({ weightsMiB: 4685, kvCacheMiB: 1024, overheadMiB: 1024 });
    expect(perGpuMiB).toBe(4685 + 1024 + 1024);
    expect(source).toBe('estimated');
  });

  it('shrinks the KV cache by its type', () => {
    const kv = (kvCacheType: string) => estimateFootprint(llama, { ...input, kvCacheType }).parts.kvCacheMiB;

    expect([kv('auto'), kv('q8_0'), kv('q4_0'), kv('fp8')]).toEqual([1024, 544, 288, 512]);
  });

  it('gives each of two GPUs half of weights and cache, and a whole overhead', () => {
    const { parts } = estimateFootprint(llama, { ...input, gpus: 2 });

    expect(parts).toEqual({ weightsMiB: 2343, kvCacheMiB: 512, overheadMiB: 1024 });
  });

  it('counts every concurrent sequence', () => {
    expect(estimateFootprint(llama, { ...input, parallel: 4 }).parts.kvCacheMiB).toBe(4096);
  });

  it('stops the layers of a sliding window at the window, and covers engines that do not', () => {
    const windowed = { ...llama, slidingWindow: { tokens: 1024, kvBytesPerToken: 98_304 } };

    const estimate = estimateFootprint(windowed, { ...input, contextLength: 32_768 });

    // A quarter of the layers keeps 32768 tokens, three quarters keep the window and one batch of 512.
    expect(estimate.parts.kvCacheMiB).toBe(1024 + (98_304 * 1536) / MIB);
    expect(estimate.highMiB).toBe(4685 + 4096 + 1536);
  });

  it('widens the range instead of counting an unknown KV cache as nothing', () => {
    const { kvBytesPerToken: _, ...unknown } = llama;

    const estimate = estimateFootprint(unknown, input);

    expect(estimate.highMiB - estimate.lowMiB).toBeGreaterThan(4685);
  });

  it('keeps low, expected and high in order, and grows with the context', () => {
    fc.assert(
      fc.property(
        fc.record({
          contextLength: fc.integer({ min: 1, max: 1_000_000 }),
          parallel: fc.integer({ min: 1, max: 64 }),
          gpus: fc.integer({ min: 0, max: 8 }),
          backend: fc.constantFrom('llamacpp', 'ollama', 'vllm', 'embedded'),
          kvCacheType: fc.constantFrom('auto', 'f16', 'q8_0', 'q4_0', 'fp8'),
        }),
        (each) => {
          const estimate = estimateFootprint(llama, each);
          const larger = estimateFootprint(llama, { ...each, contextLength: each.contextLength * 2 });
          expect(estimate.lowMiB).toBeLessThanOrEqual(estimate.perGpuMiB);
          expect(estimate.perGpuMiB).toBeLessThanOrEqual(estimate.highMiB);
          expect(larger.perGpuMiB).toBeGreaterThanOrEqual(estimate.perGpuMiB);
        },
      ),
    );
  });
});
