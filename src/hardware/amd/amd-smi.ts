import { normalizePciAddress } from '../pci/pci-address.ts';
import { isName, type ToolFacts } from './rocm-smi.ts';
import { entriesOf } from './tool-json.ts';

export const AMD_SMI_ARGS = ['static', '--asic', '--bus', '--vram', '--json'] as const;

/**
 * Names and memory from `amd-smi static --json`: a bare list before ROCm 7, `{"gpu_data": […]}` since. A whole section may be the
 * text `N/A`, and a failure may be a document of its own, `{"error": …}`; both tell nothing.
 */
export function amdSmiFacts(document: unknown): ToolFacts {
  const facts = new Map<string, { readonly product?: string; readonly vramMiB?: number }>();
  for (const gpu of gpusOf(document)) {
    const sections = lowerCased(gpu);
    const bdf = lowerCased(sections.get('bus')).get('bdf');
    const address = typeof bdf === 'string' ? normalizePciAddress(bdf) : undefined;
    if (address === undefined) continue;
    const name = lowerCased(sections.get('asic')).get('market_name');
    const vramMiB = memoryMiB(lowerCased(sections.get('vram')).get('size'));
    facts.set(address, {
      ...(isName(name) ? { product: name.trim() } : {}),
      ...(vramMiB === undefined ? {} : { vramMiB }),
    });
  }
  return facts;
}

/** MiB in a memory size of this tool, `{"value": 65520, "unit": "MB"}`; its MB and GB are binary. */
function memoryMiB(field: unknown): number | undefined {
  const facts = lowerCased(field);
  const value = facts.get('value');
  const unit = facts.get('unit');
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || typeof unit !== 'string') return undefined;
  const factor = UNITS_IN_MIB.get(unit.toUpperCase());
  return factor === undefined ? undefined : Math.floor(value * factor);
}

const UNITS_IN_MIB: ReadonlyMap<string, number> = new Map([
  ['B', 1 / (1024 * 1024)],
  ['KB', 1 / 1024],
  ['MB', 1],
  ['MIB', 1],
  ['GB', 1024],
  ['GIB', 1024],
]);

function gpusOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  const wrapped = new Map(entriesOf(document)).get('gpu_data');
  return Array.isArray(wrapped) ? wrapped : [];
}

/** Release 7.14 wrote some keys in lower case that were in capitals before. */
function lowerCased(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(entriesOf(value).map(([key, each]) => [key.toLowerCase(), each]));
}
