/**
 * ARM cores by implementer and part number, for machines whose `/proc/cpuinfo` has no `model name`.
 * Source: Linux `arch/arm64/include/asm/cputype.h`, which follows each core's MIDR_EL1 documentation.
 */
const CORES: ReadonlyMap<string, string> = new Map([
  ['0x41:0xd03', 'Cortex-A53'],
  ['0x41:0xd05', 'Cortex-A55'],
  ['0x41:0xd07', 'Cortex-A57'],
  ['0x41:0xd08', 'Cortex-A72'],
  ['0x41:0xd09', 'Cortex-A73'],
  ['0x41:0xd0a', 'Cortex-A75'],
  ['0x41:0xd0b', 'Cortex-A76'],
  ['0x41:0xd0c', 'Neoverse-N1'],
  ['0x41:0xd0d', 'Cortex-A77'],
  ['0x41:0xd40', 'Neoverse-V1'],
  ['0x41:0xd41', 'Cortex-A78'],
  ['0x41:0xd42', 'Cortex-A78AE'],
  ['0x41:0xd46', 'Cortex-A510'],
  ['0x41:0xd49', 'Neoverse-N2'],
  ['0x41:0xd4f', 'Neoverse-V2'],
  ['0x41:0xd80', 'Cortex-A520'],
  ['0x41:0xd83', 'Neoverse-V3AE'],
  ['0x41:0xd84', 'Neoverse-V3'],
  ['0x41:0xd85', 'Cortex-X925'],
  ['0x41:0xd87', 'Cortex-A725'],
  ['0x41:0xd8e', 'Neoverse-N3'],
  ['0x46:0x001', 'A64FX'],
  ['0x4e:0x004', 'Carmel'],
  ['0xc0:0xac3', 'Ampere-1'],
  ['0xc0:0xac4', 'Ampere-1A'],
]);

/** Name of a core; one that the table lacks is named by its numbers, which still tells two cores apart. */
export function armCoreName(implementer: string, part: string): string {
  return CORES.get(`${implementer.toLowerCase()}:${part.toLowerCase()}`) ?? `ARM ${implementer} ${part}`;
}
