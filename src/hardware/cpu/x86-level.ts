/**
 * Micro-architecture levels as the x86-64 psABI supplement defines them, in the words of `/proc/cpuinfo`
 * (`pni` is SSE3, `abm` stands for LZCNT, `cx16` for CMPXCHG16B).
 */
const LEVELS: readonly (readonly [level: string, added: readonly string[]])[] = [
  ['v2', ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3']],
  ['v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave']],
  ['v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
];

const AVX512 = ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'] as const;

/** Highest level whose flags, and those of every lower level, are all present. Any x86-64 CPU is at least `v1`. */
export function x86Level(flags: ReadonlySet<string>): string {
  let reached = 'v1';
  for (const [level, added] of LEVELS) {
    if (!added.every((flag) => flags.has(flag))) return reached;
    reached = level;
  }
  return reached;
}

/** The five AVX-512 subsets that x86-64-v4 asks for: what engines mean by "AVX-512". */
export function hasAvx512(flags: ReadonlySet<string>): boolean {
  return AVX512.every((flag) => flags.has(flag));
}
