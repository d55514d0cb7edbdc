import type { HardwareProblem } from '../inventory.ts';
import type { VendorTool } from '../vendor-tool.ts';
import type { FieldChoice, SmiField } from './smi-fields.ts';
import { failureOfExit, parseSmiMessages, type SmiMessage } from './smi-message.ts';
import { parseSmiTable, type SmiRow } from './smi-table.ts';

/** The answer to one query. Rows and a failure may both be there: a corrupt infoROM exits 14 with good rows. */
export interface SmiAnswer {
  /** Rows by the fields' keys. */
  readonly rows: readonly SmiRow[];
  readonly messages: readonly SmiMessage[];
  readonly problems: readonly HardwareProblem[];
  /** Why there are no rows; `undefined` when there are some. */
  readonly failure?: string;
}

/** Failures that say nothing about single devices, so that asking device by device could not help. */
const WHOLE_TOOL = new Set([
  'tool_absent',
  'tool_not_executable',
  'tool_not_runnable',
  'tool_failed_to_start',
  'timeout',
  'stuck',
  'output_too_large',
  'cancelled',
  'driver_not_loaded',
  'library_mismatch',
  'nvml_missing',
  'nvml_unknown_error',
  'no_permission',
]);

export function concernsWholeTool(failure: string): boolean {
  return WHOLE_TOOL.has(failure);
}

/**
 * Asks `--query-gpu` for fields and drops, one by one, those that this driver does not know.
 *
 * @param device PCI address of the only device to ask about
 */
export async function querySmi(
  tool: VendorTool,
  choice: FieldChoice,
  fields: readonly SmiField[],
  options: { readonly device?: string; readonly signal?: AbortSignal } = {},
): Promise<SmiAnswer> {
  for (;;) {
    const asked = choice.choose(fields);
    const names = asked.map(({ name }) => name);
    const outcome = await tool.run(
      [
        `--query-gpu=${names.join(',')}`,
        '--format=csv,nounits',
        ...(options.device === undefined ? [] : ['-i', options.device]),
      ],
      options.signal,
    );
    if (outcome.kind === 'failed') return failed(outcome.reason, outcome.detail, options.device);
    const table = parseSmiTable(outcome.stdout, names);
    const messages = parseSmiMessages([...table.rejected, outcome.stderr].join('\n'));
    const unknown = messages.find((message) => message.reason === 'unknown_field');
    if (unknown?.reason === 'unknown_field' && choice.refuse(fields, unknown.field)) continue;

    const keys = new Map(asked.map(({ key, name }) => [name, key]));
    const rows = table.rows.map((row) => new Map([...row].map(([name, cell]) => [keys.get(name) ?? name, cell])));
    const problems = table.headerFound
      ? table.rejected
          .filter((line) => parseSmiMessages(line).length === 0)
          .map((line) => problemOf('bad_row', `a line is no row of the table: ${excerpt(line)}`, options.device))
      : [];
    if (rows.length > 0) return { rows, messages, problems };
    const reason = reasonOf(messages, outcome.exitCode, outcome.stdout, table.headerFound);
    const words = excerpt(`${outcome.stdout.trim()} ${outcome.stderr.trim()}`);
    const status = outcome.exitCode === undefined ? 'ended by a signal' : `exit status ${outcome.exitCode}`;
    return { ...failed(reason, `${status}${words === '' ? ', no output' : `: ${words}`}`, options.device), messages };
  }
}

function reasonOf(
  messages: readonly SmiMessage[],
  exitCode: number | undefined,
  stdout: string,
  headerFound: boolean,
): string {
  const known = messages[0]?.reason ?? (exitCode === undefined ? undefined : failureOfExit(exitCode));
  if (known !== undefined) return known;
  if (exitCode === 15) return 'device_lost';
  if (stdout.trim() === '') return 'empty_output';
  // A header alone: the tool works and sees nothing.
  return headerFound ? 'no_devices' : 'unexpected_output';
}

function failed(reason: string, detail: string, device: string | undefined): SmiAnswer {
  return { rows: [], messages: [], problems: [problemOf(reason, `nvidia-smi: ${detail}`, device)], failure: reason };
}

function problemOf(reason: string, detail: string, device: string | undefined): HardwareProblem {
  return { source: 'nvidia', reason, detail, ...(device === undefined ? {} : { device }) };
}

/** One line that fits a log, without control characters. */
function excerpt(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}
