import { kvBytesOf } from './kv-cache.ts';
import type { Footprint, ModelHeader } from './model.ts';

const MIB = 2 ** 20;

export interface FootprintInput {
  /** Tokens per sequence. */
  readonly contextLength: number;
  readonly parallel: number;
  /** `auto`, `f16`, `q8_0`, `q4_0` or `fp8`; anything else counts as f16, which is never too little. */
  readonly kvCacheType: string;
  readonly backend: string;
  /** GPUs that share the model; 0 when it runs on the CPU. */
  readonly gpus: number;
}

/** KV-cache bytes relative to f16. Source: GGML's block sizes (34 and 18 bytes for 32 values) and one byte for fp8. */
const KV_FACTOR: Readonly<Record<string, number>> = { q8_0: 34 / 64, q4_0: 18 / 64, fp8: 0.5 };

interface Overhead {
  readonly lowMiB: number;
  readonly expectedMiB: number;
  readonly highMiB: number;
  /** Growth of the weights in memory. */
  readonly weightFactor: number;
}

/**
 * What an engine takes besides weights and KV cache, per GPU.
 *
 * vLLM: KAITO's estimator, 1.7 GiB of activations and 0.6 GiB outside of PyTorch, weights × 1.02.
 * llama.cpp and Ollama: 1 GiB is a guess between llama.cpp's compute buffer of a small model plus a CUDA context
 * (about 300 MiB) and that of a large vocabulary (about 1.5 GiB); nobody publishes a constant.
 * A measured peak replaces all of this after the first benchmark.
 */
const GPU_OVERHEAD: Overhead = { lowMiB: 300, expectedMiB: 1024, highMiB: 1536, weightFactor: 1 };
const VLLM_OVERHEAD: Overhead = { lowMiB: 1024, expectedMiB: 2355, highMiB: 3584, weightFactor: 1.02 };
/**
 * On the CPU there is no driver context. Measured with llama.cpp b11434, peak resident set less weights and KV cache:
 * 43 MiB for SmolLM2-135M, 107 MiB for a llama of 1.5 GiB with 128256 tokens. The embedded engine adds a Node process.
 */
const CPU_OVERHEAD: Overhead = { lowMiB: 32, expectedMiB: 192, highMiB: 768, weightFactor: 1 };

/**
 * Memory of one replica per GPU, or in host memory when `gpus` is 0:
 * weights + KV cache × context × sequences + overhead. Weights and KV cache are split evenly over the GPUs.
 *
 * Without the dimensions for a KV cache the low end leaves it out and the high end takes as much as the weights.
 */
export function estimateFootprint(header: ModelHeader, input: FootprintInput): Footprint {
  const shares = Math.max(1, input.gpus);
  const overhead = overheadOf(input);
  const weights = (header.weightBytes * overhead.weightFactor) / shares / MIB;
  const kvFactor = ((KV_FACTOR[input.kvCacheType] ?? 1) * input.parallel) / shares / MIB;
  const kvBytes = kvBytesOf(header, input.contextLength);
  // Some engines keep the whole context for the layers of a sliding window too.
  const withoutWindow = (header.kvBytesPerToken ?? 0) * input.contextLength;
  const weightsMiB = Math.ceil(weights);
  const kvCacheMiB = Math.ceil((kvBytes ?? 0) * kvFactor);
  const highKvMiB = kvBytes === undefined ? weightsMiB : Math.ceil(withoutWindow * kvFactor);
  const { lowMiB, expectedMiB, highMiB } = overhead;
  return {
    perGpuMiB: weightsMiB + kvCacheMiB + expectedMiB,
    lowMiB: weightsMiB + kvCacheMiB + lowMiB,
    highMiB: weightsMiB + highKvMiB + highMiB,
    source: 'estimated',
    parts: { weightsMiB, kvCacheMiB, overheadMiB: expectedMiB },
  };
}

function overheadOf(input: FootprintInput): Overhead {
  if (input.gpus === 0) return CPU_OVERHEAD;
  return input.backend === 'vllm' ? VLLM_OVERHEAD : GPU_OVERHEAD;
}
