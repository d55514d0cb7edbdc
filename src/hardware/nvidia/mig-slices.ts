/**
 * Memory of each MIG slice in MiB, from `nvidia-smi -q -x` for one device. The table format cannot show slices.
 *
 * Only a `<total>` within `<fb_memory_usage>` within `<mig_device>` counts: depending on the driver the card's own
 * memory comes before or after them in the document.
 *
 * @returns `undefined` when a slice does not tell its memory, because then the smallest is unknown
 */
export function parseMigSlices(xml: string): readonly number[] | undefined {
  const sizes: number[] = [];
  for (const [, slice = ''] of xml.matchAll(/<mig_device>([\s\S]*?)<\/mig_device>/g)) {
    const memory = /<fb_memory_usage>([\s\S]*?)<\/fb_memory_usage>/.exec(slice)?.[1] ?? '';
    const total = /<total>\s*(\d{1,9}) MiB\s*<\/total>/.exec(memory)?.[1];
    if (total === undefined || Number(total) === 0) return undefined;
    sizes.push(Number(total));
  }
  return sizes;
}
