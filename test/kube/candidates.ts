import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isRecord } from '../../src/kube/objects/object.ts';

/** The default times of an election, shortened as far as a busy machine allows. */
export const CANDIDATE_TIMES = { leaseDurationMs: 8_000, renewDeadlineMs: 6_000, retryPeriodMs: 1_000 };
export const LEASE = { namespace: 'default', name: 'contested' };
export const GUARDED = { namespace: 'default', name: 'guarded' };
export const TERM_ANNOTATION = 'test.example/leader-term';

/** A run of accepted writes of one leader in one term. */
export interface WriteRun {
  readonly identity: string;
  readonly term: number;
  readonly writes: number;
}

/** The data of the guarded object after one more write: the whole history is in it, so no observer can miss any. */
export function withWrite(data: unknown, identity: string, term: number): { history: string } {
  const runs = historyOf(data);
  const last = runs.at(-1);
  const same = last !== undefined && last.identity === identity && last.term === term;
  const writes = same ? last.writes + 1 : 1;
  const before = same ? runs.slice(0, -1) : runs;
  return { history: JSON.stringify([...before, { identity, term, writes }]) };
}

export function historyOf(data: unknown): readonly WriteRun[] {
  const text = isRecord(data) && typeof data.history === 'string' ? data.history : '[]';
  return JSON.parse(text) as WriteRun[];
}

/** A running candidate. */
export class Candidate implements AsyncDisposable {
  readonly identity: string;
  readonly #events: string[] = [];
  readonly #child;
  readonly #exit: Promise<number | null>;

  constructor(kubeconfig: string, identity: string) {
    this.identity = identity;
    const program = new URL('candidate.program.ts', import.meta.url).pathname;
    this.#child = spawn(process.execPath, [program, kubeconfig, identity], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const said: unknown = JSON.parse(line);
      if (isRecord(said)) this.#events.push(String(said.event));
    });
    this.#exit = new Promise((resolve) => this.#child.once('close', resolve));
  }

  /** What it has said so far: `leads`, `refused`, `lost`, `ended`. */
  get events(): readonly string[] {
    return this.#events;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code, `null` after a signal. */
  exit(): Promise<number | null> {
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
