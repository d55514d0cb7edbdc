import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Waits for a line, then becomes the program (same process id). A program that is started this way never runs before
 * its watchdog knows it: when we die earlier, the line never comes and `read` fails.
 */
const HOLD = 'IFS= read -r go && exec "$@" </dev/null';

/**
 * Learns the process group, then waits. A second line means that all is well and over; the end of input without one
 * means that our process died, however suddenly, and that the group must not outlive it.
 */
const WATCH = 'IFS= read -r group || exit 0; IFS= read -r done && exit 0; kill -KILL "-$group"';

/**
 * Starts a program in a process group of its own that ends when we end, also by SIGKILL. The texts given to the shell
 * are the constants above; the program's name and arguments go through as separate words and are never parsed.
 *
 * Why not `prctl(PR_SET_PDEATHSIG)`: it follows the thread that forked, reaches only the direct child, and needs a
 * helper program that small systems lack. A shell is everywhere.
 */
export function spawnTied(command: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCH, 'flexinfer-watchdog'], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const child = spawn('/bin/sh', ['-c', HOLD, 'flexinfer-engine', command, ...args], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A broken pipe here only says that the other side is gone already; its 'exit' event tells the rest.
  watchdog.on('error', ignore);
  watchdog.stdin?.on('error', ignore);
  child.stdin?.on('error', ignore);
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) {
    watchdog.stdin.unref();
  }
  if (child.pid === undefined) {
    watchdog.stdin?.end();
    return child;
  }
  watchdog.stdin?.write(`${child.pid}\n`);
  child.stdin?.end('go\n');
  child.once('exit', () => {
    watchdog.stdin?.end('done\n');
  });
  return child;
}

function ignore(): void {}

/** Sends a signal to every process of the group; a group that is gone is fine. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) {
      throw error;
    }
  }
}
