export interface ToolJson {
  readonly value: unknown;
  /** Text around the document: AMD's tools print warnings to standard output as well. */
  readonly discarded: readonly string[];
}

const MAX_LENGTH = 1024 * 1024;

/**
 * The one JSON document in a tool's output, which may have lines of prose before and after it.
 *
 * @returns `undefined` without exactly one complete document: an empty output, a cut-off one and two of them say nothing
 */
export function parseToolJson(stdout: string): ToolJson | undefined {
  if (stdout.length > MAX_LENGTH) return undefined;
  const lines = stdout.split(/\r?\n/);
  // A document begins at the start of a line; a bracket within a sentence begins nothing.
  const start = lines.findIndex((line) => /^[{[]/.test(line));
  if (start < 0) return undefined;
  for (let end = lines.length; end > start; end -= 1) {
    if (!/[}\]]\s*$/.test(lines[end - 1] ?? '')) continue;
    const value = parse(lines.slice(start, end).join('\n'));
    // Two documents one after another are no document, and shorter ends would silently drop the second.
    if (value === undefined) return undefined;
    return { value, discarded: [...lines.slice(0, start), ...lines.slice(end)].filter((line) => line.trim() !== '') };
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A plain object's entries; none for everything else. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
