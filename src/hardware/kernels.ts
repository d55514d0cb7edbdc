import { ARCHITECTURES, type ArchitectureRow, type Int4Kernel } from './kernels.data.ts';

/** What can be run on an architecture. */
export type ArchitectureSupport = Pick<ArchitectureRow, 'kernels' | 'int4' | 'bf16' | 'fp8' | 'source'>;

const BY_ARCH: ReadonlyMap<string, ArchitectureRow> = new Map(ARCHITECTURES.map((row) => [row.arch, row]));

/** What every NVIDIA architecture after the newest one listed is taken to keep. Nothing was ever taken away from 7.5 on. */
const NEWER_NVIDIA: ArchitectureSupport = {
  kernels: ['gguf', 'gptq', 'awq', 'marlin'] satisfies readonly Int4Kernel[],
  int4: true,
  bf16: true,
  fp8: true,
  source: 'newer than every listed compute capability; support has only grown since 7.5',
};

/**
 * Kernels and data types of an architecture, `sm_89` or `gfx1100`.
 *
 * An unlisted NVIDIA capability is answered by the nearest listed one below it, because support grows with the number.
 * AMD's names have no such order: an unlisted one is unknown and not guessed.
 *
 * @param table rows that replace or extend the shipped ones
 */
export function architectureSupport(
  arch: string,
  table: readonly ArchitectureRow[] = [],
): ArchitectureSupport | undefined {
  const row = table.find((each) => each.arch === arch) ?? BY_ARCH.get(arch);
  if (row !== undefined) return row;
  const capability = smCapability(arch);
  if (capability === undefined) return undefined;
  let below: ArchitectureRow | undefined;
  let newest = 0;
  for (const each of ARCHITECTURES) {
    const listed = smCapability(each.arch);
    if (listed === undefined) continue;
    newest = Math.max(newest, listed);
    if (listed < capability && listed > (smCapability(below?.arch ?? '') ?? 0)) below = each;
  }
  return capability > newest ? NEWER_NVIDIA : below;
}

/** Kernel families for 4-bit weights on an architecture; `undefined` when the architecture is unknown. */
export function kernelsOf(arch: string): readonly Int4Kernel[] | undefined {
  return architectureSupport(arch)?.kernels;
}

/** 89 for `sm_89`, 121 for `sm_121`; the letter of family-specific targets is no part of it. */
function smCapability(arch: string): number | undefined {
  const match = /^sm_(\d{2,3})[a-z]?$/.exec(arch);
  return match === null ? undefined : Number(match[1]);
}
