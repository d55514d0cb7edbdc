/**
 * Name of an architecture from KFD's `gfx_target_version`, decimal `major*10000 + minor*100 + step`: 90010 is gfx90a.
 * Minor and step are written in hexadecimal. Source: Linux `kfd_topology.c`, LLVM's AMDGPU target names.
 *
 * @returns `undefined` for 0, which marks a processor, and for anything that is no such number
 */
export function gfxName(targetVersion: number): string | undefined {
  if (!Number.isInteger(targetVersion) || targetVersion < 10_000 || targetVersion > 999_999) return undefined;
  const major = Math.floor(targetVersion / 10_000);
  const minor = Math.floor(targetVersion / 100) % 100;
  const step = targetVersion % 100;
  if (minor > 15 || step > 15) return undefined;
  return `gfx${major}${minor.toString(16)}${step.toString(16)}`;
}

/** `gfx90a:sramecc+:xnack-`, as tools report it, without the features that no label value may contain. */
export function bareGfxName(text: string): string | undefined {
  return /^(gfx[0-9a-f]{3,5})(?::.*)?$/i.exec(text.trim())?.[1]?.toLowerCase();
}

/**
 * Architectures that exist only within a processor and share its memory, whatever part of it the firmware sets aside.
 * Source: LLVM AMDGPU Backend User Guide, table "AMDGPU Processors", column "dGPU/APU".
 */
const APU_ONLY = new Set([
  'gfx902',
  'gfx909',
  'gfx90c',
  'gfx1013',
  'gfx1033',
  'gfx1035',
  'gfx1036',
  'gfx1037',
  'gfx1103',
  'gfx1150',
  'gfx1151',
  'gfx1152',
  'gfx1153',
]);

export function isApuArch(arch: string | undefined): boolean {
  return arch !== undefined && APU_ONLY.has(arch);
}
