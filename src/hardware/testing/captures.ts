import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const H100 = fileURLToPath(new URL('../../../test/fixtures/hardware/nvidia-h100/', import.meta.url));

/** A file of the captured H100 machine; see the README beside it. */
export function h100Capture(name: string): string {
  return readFileSync(`${H100}${name}`, 'utf8');
}

/** The captured table as cells by field, units included. */
export function h100Cells(name: 'query.csv' | 'busy-query.csv'): Readonly<Record<string, string>> {
  const [header = '', row = ''] = h100Capture(name).split('\n');
  const cells = row.split(', ');
  return Object.fromEntries(
    header.split(', ').map((title, index) => [title.replace(/ \[.*\]$/, ''), cells[index] ?? '']),
  );
}

/** One of the captured files that hold several, by the path behind `## `. */
export function h100Section(name: 'pci.txt' | 'proc-nvidia.txt', path: string): string {
  const sections = h100Capture(name).split(/^## /m);
  const section = sections.find((each) => each.startsWith(`${path}\n`) || each.startsWith(`${path} `)) ?? '';
  return section.slice(section.indexOf('\n') + 1);
}
