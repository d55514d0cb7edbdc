import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { constants } from 'node:os';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads on standard input. */
  readonly input?: string | Buffer;
  /** Everything it prints goes to this file as well. */
  readonly logFile?: string;
  /** Lets everything else go first; for builds. */
  readonly background?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end and returns what it printed on standard output.
 *
 * @throws Error with the command line and the last lines of its standard error, when it does not exit with 0.
 */
export async function command(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program, ...args] = options.background === true ? ['nice', '-n', '19', ...argv] : argv;
  if (program === undefined) throw new Error('an empty command line');
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const log = options.logFile === undefined ? undefined : createWriteStream(options.logFile, { flags: 'a' });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    log?.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
    log?.write(text);
  });
  // A program that ends without reading its input is no failure of ours.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit, signal) => {
      resolve(exit ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  log?.end();
  if (code !== 0)
    throw new Error(`${argv.join(' ')} ended with ${code}: ${errors.trim() || output.slice(-2000).trim()}`);
  return output;
}
