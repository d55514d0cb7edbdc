/**
 * One spelling for a PCI address: `0000:0c:00.0`, lower case, domain of at least four digits.
 *
 * The NVIDIA tool writes `00000000:0C:00.0`, Linux `0000:0c:00.0`; a domain other than zero is kept.
 *
 * @returns `undefined` for anything that is no PCI address.
 */
export function normalizePciAddress(text: string): string | undefined {
  const match = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, domain = '0', bus = '', device = '', fn = ''] = match;
  const shortest = domain.replace(/^0+/, '').padStart(4, '0');
  return `${shortest}:${bus}:${device}.${fn}`.toLowerCase();
}

/** Order of PCI addresses by domain, bus, device and function. */
export function comparePciAddresses(a: string, b: string): number {
  // A domain may have five digits and then sorts behind every shorter one.
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
