/** One device's cells by field name, as written. */
export type SmiRow = ReadonlyMap<string, string>;

export interface SmiTable {
  readonly rows: readonly SmiRow[];
  /** Lines below the header that are no rows: cut off, of a wrong width, or words to a person. */
  readonly rejected: readonly string[];
  /** Whether the header with the requested fields, in their order, was there. Without it nothing is a row. */
  readonly headerFound: boolean;
}

/**
 * Reads `--format=csv,nounits` output strictly.
 *
 * The format has no quoting, so a comma in a name cannot be told from a separator: the last requested field takes what
 * is left over, and callers ask for `name` last. A row of any other width is rejected, never shifted. The last line
 * counts only when it is complete. Source: captures of drivers 580 to 595.
 */
export function parseSmiTable(stdout: string, fields: readonly string[]): SmiTable {
  const lines = stdout.split(/\r?\n/);
  const cutOff = lines.pop() ?? '';
  const rows: SmiRow[] = [];
  const rejected: string[] = [];
  let headerFound = false;
  for (const line of lines) {
    if (line.trim() === '') continue;
    if (!headerFound) {
      headerFound = isHeader(line, fields);
      if (!headerFound) rejected.push(line);
      continue;
    }
    const row = parseRow(line, fields);
    if (row === undefined) rejected.push(line);
    else rows.push(row);
  }
  if (cutOff.trim() !== '') rejected.push(cutOff);
  return { rows, rejected, headerFound };
}

function isHeader(line: string, fields: readonly string[]): boolean {
  const names = line.split(', ').map((cell) => cell.replace(/\s*\[[^\]]*\]\s*$/, '').trim());
  return names.length === fields.length && fields.every((field, index) => names[index] === field);
}

function parseRow(line: string, fields: readonly string[]): SmiRow | undefined {
  const cells = line.split(', ');
  const last = fields.length - 1;
  // An empty last cell is written with nothing behind its separator.
  if (cells.length === last && line.endsWith(',')) cells.push('');
  if (cells.length < fields.length) return undefined;
  if (cells.length > fields.length && fields[last] !== 'name' && fields[last] !== 'process_name') return undefined;
  const row = new Map<string, string>();
  for (const [index, field] of fields.entries()) {
    row.set(field, (index === last ? cells.slice(last).join(', ') : (cells[index] ?? '')).trim());
  }
  return row;
}
