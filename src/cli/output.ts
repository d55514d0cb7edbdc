import type { OutputFormat } from './options.ts';

/** Prints a command's result on stdout: the data as JSON or YAML, or what `table` makes of it for a person. */
export async function printResult(format: OutputFormat, data: unknown, table: () => string): Promise<void> {
  if (format === 'table') process.stdout.write(table());
  else if (format === 'json') process.stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
  else {
    const { stringify } = await import('yaml');
    process.stdout.write(stringify(data, { aliasDuplicateObjects: false }));
  }
}
