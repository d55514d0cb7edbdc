import { normalizePciAddress } from '../pci/pci-address.ts';
import { entriesOf } from './tool-json.ts';

/** What is taken from AMD's tools, by PCI address. */
export type ToolFacts = ReadonlyMap<string, { readonly product?: string; readonly vramMiB?: number }>;

/** How the same fact has been called over the releases, best first; letter case varies too. */
const NAME_KEYS = ['card series', 'device name', 'market name'];

/** Asks for one object keyed `card0`, `card1`, …; every value is a string. */
export const ROCM_SMI_ARGS = ['--showproductname', '--showbus', '--json'] as const;

/** Names from `rocm-smi --showproductname --showbus --json`, of releases 4.3 to 6.4. */
export function rocmSmiFacts(document: unknown): ToolFacts {
  const facts = new Map<string, { readonly product: string }>();
  for (const [card, entries] of entriesOf(document)) {
    // `system` holds a `PID…` key per process and nothing about cards.
    if (!/^card\d+$/.test(card)) continue;
    const byKey = new Map(entriesOf(entries).map(([key, value]) => [key.toLowerCase(), value]));
    const bus = byKey.get('pci bus');
    const address = typeof bus === 'string' ? normalizePciAddress(bus) : undefined;
    const name = NAME_KEYS.map((key) => byKey.get(key)).find(isName);
    if (address !== undefined && name !== undefined) facts.set(address, { product: name.trim() });
  }
  return facts;
}

/** `N/A`, `N/A (Secondary die)` and bare numbers such as `0x74a1` name nothing. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && /\p{L}/u.test(value) && !/^\s*(n\/a\b|0x[0-9a-f]+\s*$)/i.test(value);
}
