import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { identify, isRunning, type ProcessIdentity } from './process-table.ts';
import { CLUSTER_VARIABLE, type ClusterState } from './state.ts';
import { waitUntil } from './wait-until.ts';

export interface ProcessPlan {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Returns when the process serves; throws, or never returns, while it does not. */
  readonly ready?: () => Promise<true | undefined>;
  readonly readyTimeoutMs?: number;
}

/** One long-running program of a cluster, which a test may stop, kill, pause and start again. */
export class ClusterProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #state: ClusterState;
  readonly #plan: ProcessPlan;
  #identity: ProcessIdentity | undefined;

  constructor(state: ClusterState, plan: ProcessPlan) {
    this.name = plan.name;
    this.logFile = state.path(`${plan.name}.log`);
    this.#state = state;
    this.#plan = plan;
  }

  /** The process id; throws while it does not run. */
  get pid(): number {
    if (this.#identity === undefined) throw new Error(`${this.name} was not started`);
    return this.#identity.pid;
  }

  get running(): boolean {
    return this.#identity !== undefined && isRunning(this.#identity);
  }

  /** Starts the program and waits until it is ready. Does nothing when it runs already. */
  async start(): Promise<void> {
    if (!this.running) await this.#spawn();
    const { ready } = this.#plan;
    if (ready === undefined) return;
    await waitUntil(
      () => `${this.name} ${this.running ? 'is not ready' : 'ended while it started'}: ${this.logTail()}`,
      ready,
      { timeoutMs: this.#plan.readyTimeoutMs ?? 60_000, everyMs: 50, onlyWhile: () => this.running },
    );
  }

  /** Sends a signal, as SIGSTOP or SIGKILL. */
  signal(signal: NodeJS.Signals): void {
    if (this.#identity === undefined || !this.running) throw new Error(`${this.name} does not run`);
    process.kill(this.#identity.pid, signal);
  }

  /** Asks the program to end, kills it when it has not after `graceMs`, and returns when it is gone. */
  async stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    await stopProcess(identity, options.graceMs ?? 5_000);
  }

  /** The last lines the program wrote. */
  logTail(characters = 1500): string {
    return readFileSync(this.logFile, 'utf8').slice(-characters);
  }

  async #spawn(): Promise<void> {
    const [program, ...args] = this.#plan.argv;
    if (program === undefined) throw new Error(`${this.name} has no command line`);
    const log = openSync(this.logFile, 'a');
    try {
      // In a session of its own: Ctrl-C in the terminal goes to the test run, which then stops the cluster in order.
      const child = spawn(program, args, {
        cwd: this.#state.folder,
        env: { PATH: process.env['PATH'], ...this.#plan.env, [CLUSTER_VARIABLE]: this.#state.folder },
        stdio: ['ignore', log, log],
        detached: true,
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve).once('error', reject);
      });
      child.unref();
      this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    } finally {
      closeSync(log);
    }
    if (this.#identity === undefined) throw new Error(`${this.name} ended at once: ${this.logTail()}`);
    this.#state.started(this.name, this.#identity);
  }
}

/** SIGTERM, then SIGKILL after `graceMs`; returns when the process is gone. A paused process is woken first. */
export async function stopProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const gone = () => (isRunning(identity) ? undefined : true);
  const send = (signal: NodeJS.Signals) => {
    if (isRunning(identity)) process.kill(identity.pid, signal);
  };
  send('SIGTERM');
  send('SIGCONT');
  try {
    await waitUntil('the process ends', gone, { timeoutMs: graceMs, everyMs: 20 });
  } catch {
    send('SIGKILL');
    await waitUntil(`process ${identity.pid} ends after SIGKILL`, gone, { timeoutMs: 10_000, everyMs: 20 });
  }
}
