import type { ArchitectureRow, Int4Kernel } from './kernels.data.ts';

const KERNELS: ReadonlySet<string> = new Set<Int4Kernel>(['gguf', 'gptq', 'awq', 'marlin']);

/**
 * Rows of an operator's own table of architectures: a JSON list of
 * `{"arch": "gfx1250", "kernels": ["gguf"], "int4": false, "bf16": true, "fp8": true, "source": "measured here"}`.
 *
 * @throws SyntaxError or TypeError naming the row and the field that is wrong
 */
export function parseArchitectures(text: string): readonly ArchitectureRow[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new TypeError('the table is no JSON list');
  return value.map((row: unknown, index) => parseRow(row, `row ${index + 1}`));
}

function parseRow(value: unknown, where: string): ArchitectureRow {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${where} is no JSON object`);
  const row = new Map<string, unknown>(Object.entries(value));
  const arch = row.get('arch');
  if (typeof arch !== 'string' || !/^(sm_\d{2,3}[a-z]?|gfx[0-9a-f]{3,5})$/.test(arch)) {
    throw new TypeError(`${where}: arch is no architecture such as sm_89 or gfx1100`);
  }
  const kernels: unknown = row.get('kernels');
  if (!Array.isArray(kernels) || !kernels.every(isKernel)) {
    throw new TypeError(`${where}: kernels is no list of ${[...KERNELS].join(', ')}`);
  }
  const flag = (name: 'int4' | 'bf16' | 'fp8'): boolean => {
    const given = row.get(name);
    if (typeof given === 'boolean') return given;
    throw new TypeError(`${where}: ${name} is neither true nor false`);
  };
  const source = row.get('source');
  if (typeof source !== 'string' || source.trim() === '') throw new TypeError(`${where}: source is missing`);
  return { arch, kernels, int4: flag('int4'), bf16: flag('bf16'), fp8: flag('fp8'), source };
}

function isKernel(value: unknown): value is Int4Kernel {
  return typeof value === 'string' && KERNELS.has(value);
}
