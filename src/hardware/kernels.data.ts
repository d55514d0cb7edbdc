/** A kernel family that runs models with 4-bit weights. */
export type Int4Kernel = 'gguf' | 'gptq' | 'awq' | 'marlin';

/** What the maintained inference kernels can do on one architecture. */
export interface ArchitectureRow {
  readonly arch: string;
  readonly kernels: readonly Int4Kernel[];
  /** Maintained 4-bit kernels both in llama.cpp (GGUF Q4) and in the vLLM family (GPTQ or AWQ). */
  readonly int4: boolean;
  readonly bf16: boolean;
  /** FP8 matrix units; dequantising FP8 weights on the way does not count. */
  readonly fp8: boolean;
  readonly source: string;
}

const VLLM_TABLE = 'vLLM docs, Quantization, Supported Hardware (v0.15 and later)';
const MARLIN = 'vLLM marlin_utils.py: capability 75 and up';
const GGML = 'llama.cpp ggml-cuda/common.cuh';
const ROCM = 'vLLM platforms/rocm.py';

const nvidia = (
  arch: string,
  kernels: readonly Int4Kernel[],
  bf16: boolean,
  fp8: boolean,
  source: string,
): ArchitectureRow => ({
  arch,
  kernels,
  int4: kernels.includes('awq'),
  bf16,
  fp8,
  source,
});

const ALL: readonly Int4Kernel[] = ['gguf', 'gptq', 'awq', 'marlin'];
const ROCM_ALL: readonly Int4Kernel[] = ['gguf', 'gptq', 'awq'];

const amd = (arch: string, int4: boolean, bf16: boolean, fp8: boolean, source: string): ArchitectureRow => ({
  arch,
  kernels: int4 ? ROCM_ALL : ['gguf'],
  int4,
  bf16,
  fp8,
  source,
});

/** Ampere to Blackwell share every kernel; they differ in FP8, which begins with Ada. */
const AMPERE_AND_UP = `${VLLM_TABLE}; ${MARLIN}; ${GGML}`;

/**
 * One row per architecture that is known. On hardware "INT4" means weights of four bits that are unpacked and
 * multiplied as FP16 or INT8, so the question is which kernels are maintained and not which data types the chip has.
 */
export const ARCHITECTURES: readonly ArchitectureRow[] = [
  nvidia('sm_60', ['gguf'], false, false, `${GGML}: no dp4a, slow`),
  nvidia('sm_61', ['gguf'], false, false, `${GGML}: dp4a from 6.1`),
  nvidia('sm_70', ['gguf', 'gptq'], false, false, `${VLLM_TABLE}: GPTQ from Volta; ${GGML}`),
  nvidia('sm_72', ['gguf', 'gptq'], false, false, `${VLLM_TABLE}: GPTQ from Volta; ${GGML}`),
  nvidia('sm_75', ALL, false, false, `${VLLM_TABLE}: AWQ from Turing; ${MARLIN}; ${GGML}`),
  nvidia('sm_80', ALL, true, false, AMPERE_AND_UP),
  nvidia('sm_86', ALL, true, false, AMPERE_AND_UP),
  nvidia('sm_87', ALL, true, false, AMPERE_AND_UP),
  nvidia('sm_89', ALL, true, true, `${AMPERE_AND_UP}; FP8 from 8.9`),
  nvidia('sm_90', ALL, true, true, AMPERE_AND_UP),
  nvidia('sm_100', ALL, true, true, AMPERE_AND_UP),
  nvidia('sm_103', ALL, true, true, AMPERE_AND_UP),
  nvidia('sm_110', ALL, true, true, AMPERE_AND_UP),
  nvidia('sm_120', ALL, true, true, AMPERE_AND_UP),
  nvidia('sm_121', ALL, true, true, AMPERE_AND_UP),

  amd('gfx803', false, false, false, `${GGML}: no dp4a, slow`),
  amd('gfx900', false, false, false, `${GGML}: no dp4a, slow`),
  amd('gfx906', false, false, false, `${GGML}: first with dp4a; vLLM kernels only in community forks`),
  amd('gfx908', false, true, false, `${GGML}: CDNA; vLLM kernels not maintained for it`),
  amd('gfx90a', true, true, false, `${ROCM}; ${GGML}`),
  amd('gfx942', true, true, true, `${ROCM}; vLLM PR 37352; FP8 in the fnuz encoding`),
  amd('gfx950', true, true, true, `${ROCM}; FP8 in the OCP encoding`),
  amd('gfx1010', false, false, false, `${GGML}: no dp4a`),
  ...['gfx1030', 'gfx1031', 'gfx1032', 'gfx1033', 'gfx1034', 'gfx1035', 'gfx1036'].map((arch) =>
    amd(arch, false, false, false, `${GGML}: RDNA2; vLLM kernels not maintained for it`),
  ),
  ...['gfx1100', 'gfx1101', 'gfx1102', 'gfx1103'].map((arch) =>
    amd(arch, true, true, false, `${ROCM}; vLLM PR 27187; ${GGML}: BF16 matrix units from RDNA3`),
  ),
  ...['gfx1150', 'gfx1151', 'gfx1152', 'gfx1153'].map((arch) =>
    amd(arch, true, true, false, `${ROCM}; vLLM PR 27187 (RDNA3 family); ${GGML}`),
  ),
  ...['gfx1200', 'gfx1201'].map((arch) => amd(arch, true, true, true, `${ROCM}; ${GGML}; FP8 in the OCP encoding`)),
];
