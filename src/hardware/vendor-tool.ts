import { type ChildProcess, spawn } from 'node:child_process';
import { diagnoseTool, type ToolFault, toolSearchPath } from './tool-diagnosis.ts';

export interface ToolLimits {
  /** When a call is killed. */
  readonly killMs: number;
  /** When the caller gets an answer even though the killed child, or a grandchild holding the pipe, is still there. */
  readonly settleMs: number;
  /** Standard output and standard error, each. */
  readonly maxBytes: number;
}

export const DEFAULT_TOOL_LIMITS: ToolLimits = { killMs: 10_000, settleMs: 12_000, maxBytes: 1024 * 1024 };

export type ToolOutcome =
  | {
      readonly kind: 'ended';
      /** `undefined` when a signal ended it. */
      readonly exitCode: number | undefined;
      readonly stdout: string;
      readonly stderr: string;
    }
  | {
      readonly kind: 'failed';
      readonly reason: ToolFault | 'timeout' | 'stuck' | 'output_too_large' | 'cancelled';
      readonly detail: string;
    };

/**
 * Runs a vendor's command-line tool, which hangs when its driver does: killed after a time, cut off at a size, one at
 * a time, never through a shell. A child that survives SIGKILL (uninterruptible sleep in the driver) is left behind,
 * and no other is started until it has gone.
 */
export class VendorTool {
  readonly path: string;
  readonly #limits: ToolLimits;
  readonly #kill: (child: ChildProcess) => void;
  /** Told of every call and what came of it; set by whoever wants to know. */
  onCall: (args: readonly string[], outcome: ToolOutcome) => void = () => undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #survivor: ChildProcess | undefined;

  /** @param kill how a child and its group are ended; a test puts in one that a child survives */
  constructor(path: string, limits: ToolLimits = DEFAULT_TOOL_LIMITS, kill = killGroup) {
    this.path = path;
    this.#limits = limits;
    this.#kill = kill;
  }

  /** Waits for calls made earlier, then runs the tool. Never rejects. */
  run(args: readonly string[], signal?: AbortSignal): Promise<ToolOutcome> {
    const turn = this.#queue.then(async () => {
      const outcome = await this.#once(args, signal);
      this.onCall(args, outcome);
      return outcome;
    });
    this.#queue = turn;
    return turn;
  }

  async #once(args: readonly string[], signal: AbortSignal | undefined): Promise<ToolOutcome> {
    if (signal?.aborted === true) return { kind: 'failed', reason: 'cancelled', detail: 'cancelled before it started' };
    if (this.#survivor !== undefined) {
      const detail = `an earlier call (pid ${this.#survivor.pid}) was killed and has still not ended`;
      return { kind: 'failed', reason: 'stuck', detail };
    }
    let child: ChildProcess;
    try {
      child = spawn(this.path, args, {
        // A group of its own, so that what the tool started is killed with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: toolEnvironment(),
      });
    } catch (cause) {
      return { kind: 'failed', ...(await diagnoseTool(this.path, cause)) };
    }
    const outcome = await supervise(child, this.#limits, this.#kill, signal);
    if ('spawnError' in outcome) return { kind: 'failed', ...(await diagnoseTool(this.path, outcome.spawnError)) };
    if (child.exitCode === null && child.signalCode === null) {
      this.#survivor = child;
      child.unref();
      child.once('exit', () => {
        this.#survivor = undefined;
      });
    }
    return outcome;
  }
}

/** What the tool needs to find itself and its libraries, and English messages; nothing else of our environment. */
function toolEnvironment(): NodeJS.ProcessEnv {
  const { LD_LIBRARY_PATH } = process.env;
  return {
    LC_ALL: 'C',
    PATH: toolSearchPath(),
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
  };
}

function supervise(
  child: ChildProcess,
  limits: ToolLimits,
  killGroup: (child: ChildProcess) => void,
  signal: AbortSignal | undefined,
): Promise<ToolOutcome | { readonly spawnError: unknown }> {
  return new Promise((resolve) => {
    const graceMs = limits.settleMs - limits.killMs;
    const stdout = collect(child.stdout, limits.maxBytes, () =>
      kill('output_too_large', `more than ${limits.maxBytes} bytes`),
    );
    const stderr = collect(child.stderr, limits.maxBytes, () =>
      kill('output_too_large', `more than ${limits.maxBytes} bytes`),
    );
    let failure: (ToolOutcome & { kind: 'failed' }) | undefined;
    let grace: NodeJS.Timeout | undefined;

    const finish = (outcome: ToolOutcome | { readonly spawnError: unknown }): void => {
      clearTimeout(killTimer);
      clearTimeout(grace);
      signal?.removeEventListener('abort', onAbort);
      // A grandchild may hold the other ends of the pipes for as long as it likes: ours are closed here.
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(outcome);
    };
    const ended = (): ToolOutcome =>
      failure ?? { kind: 'ended', exitCode: child.exitCode ?? undefined, stdout: stdout.text(), stderr: stderr.text() };
    const kill = (reason: 'timeout' | 'output_too_large' | 'cancelled', detail: string): void => {
      failure ??= { kind: 'failed', reason, detail };
      killGroup(child);
      grace ??= setTimeout(() => finish(ended()), graceMs);
    };
    const onAbort = (): void => kill('cancelled', 'cancelled while it ran');
    const killTimer = setTimeout(() => kill('timeout', `no answer within ${limits.killMs / 1000} s`), limits.killMs);

    signal?.addEventListener('abort', onAbort, { once: true });
    child.once('error', (spawnError) => finish({ spawnError }));
    child.once('exit', () => {
      clearTimeout(killTimer);
      grace ??= setTimeout(() => finish(ended()), graceMs);
    });
    child.once('close', () => finish(ended()));
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already, or has a member that we may not touch: then at least the child itself.
    child.kill('SIGKILL');
  }
}

function collect(
  stream: NodeJS.ReadableStream | null,
  maxBytes: number,
  onOverflow: () => void,
): { readonly text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size > maxBytes) return;
    size += chunk.length;
    if (size > maxBytes) onOverflow();
    else chunks.push(chunk);
  });
  // Reading ends with the child; an error here is only the pipe that we closed ourselves.
  stream?.on('error', () => undefined);
  // Bytes that are no UTF-8 become U+FFFD, and a byte order mark is dropped.
  return { text: () => new TextDecoder().decode(Buffer.concat(chunks)) };
}
