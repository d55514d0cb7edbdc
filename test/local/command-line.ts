import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const flexinfer = fileURLToPath(new URL('../../bin/flexinfer', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the command as a person would and waits for its end. */
export async function runCommand(args: readonly string[], env: Environment = {}): Promise<Finished> {
  const child = start(args, env);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: stdout(), stderr: stderr() };
}

/** An `up --output json` that is still running. */
export class Server implements AsyncDisposable {
  readonly events: Record<string, unknown>[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stderr: () => string;
  readonly #closed: Promise<number | null>;
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], env: Environment = {}) {
    this.#child = start(['up', ...args, '--output', 'json'], env);
    this.#stderr = collect(this.#child.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as Record<string, unknown>);
      this.#wake();
    });
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first event that matches; rejects with what the command said when it ends before. */
  async event(
    name: string,
    matches: (event: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.events.find((event) => event['event'] === name && matches(event));
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.#closed;
        throw new Error(`ended before ${name}: ${this.#stderr()}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop('SIGTERM');
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Finished> {
    this.#child.kill(signal);
    return { code: await this.#closed, stdout: '', stderr: this.#stderr() };
  }
}

/** A clean environment with a home of its own, so that no test sees the developer's models, records or tokens. */
function start(args: readonly string[], env: Environment): ChildProcessWithoutNullStreams {
  const { PATH, HOME, FLEXINFER_CACHE, CI } = process.env;
  return spawn(flexinfer, args, { env: { PATH, HOME, FLEXINFER_CACHE, CI, ...env } });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}
