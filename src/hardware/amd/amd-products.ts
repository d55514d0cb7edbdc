import { AMD_PRODUCTS } from './amd-products.data.ts';

/**
 * Marketing name of a card. With a revision that the table lacks, the name counts only when every known revision of
 * the device id carries the same one.
 */
export function amdProduct(deviceId: string, revision: string | undefined): string | undefined {
  const rows = AMD_PRODUCTS.filter(([id]) => id === deviceId);
  const exact = rows.find(([, known]) => known === revision);
  if (exact !== undefined) return exact[2];
  const names = new Set(rows.map(([, , name]) => name));
  const [only] = names;
  return names.size === 1 ? only : undefined;
}
