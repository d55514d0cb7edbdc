import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '../cluster/wait-until.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/flexinfer-agent');

/** A running agent, and what it said. */
export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { NODE_NAME: _name, MODEL_CACHE_PATH: _cache, KUBECONFIG: _kubeconfig, ...rest } = process.env;
    this.#child = spawn(PROGRAM, args, { env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (text) => {
      this.#stdout += String(text);
    });
    this.#child.stderr?.on('data', (text) => {
      this.#stderr += String(text);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code, once it has ended; -1 when a signal ended it. */
  async ended(): Promise<number> {
    if (this.running) await once(this.#child, 'close');
    return this.#child.exitCode ?? -1;
  }

  /** Waits for a line of the log that has all of these texts in it. */
  async logged(...texts: readonly string[]): Promise<void> {
    await waitUntil(
      () => `the agent logs ${texts.join(' and ')}: ${this.#stderr}`,
      () => (this.#stderr.split('\n').some((line) => texts.every((text) => line.includes(text))) ? true : undefined),
      { onlyWhile: () => this.running, everyMs: 50 },
    );
  }

  /** The port it serves on, from its log. */
  async port(): Promise<number> {
    await this.logged('the agent has started');
    return Number(/"port":(\d+)/.exec(this.#stderr)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.#child.kill('SIGTERM');
    await this.ended();
  }
}
