import { readdirSync, readFileSync } from 'node:fs';
import { isCode } from '../../scripts/cluster/lock.ts';

/** A process, told apart from a later one that was given the same id by when it started (ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** Who has this process id now; `undefined` when nobody has, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  const text = readProc(pid, 'stat');
  if (text === undefined) return undefined;
  // The second field is the program's name in brackets and may hold anything, so count from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startedAt = fields[19];
  if (startedAt === undefined || state === 'X' || (state === 'Z' && threadCount(pid) <= 1)) return undefined;
  return { pid, startedAt };
}

/** The first thread of a killed process is a zombie while the others still end, and hold its ports until they have. */
function threadCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return 0;
    throw error;
  }
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

/** Every running process that was started with `NAME=value` in its environment. */
export function processesWithEnvironment(name: string, value: string): readonly ProcessIdentity[] {
  const wanted = `${name}=${value}`;
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry))
    .flatMap((entry) => {
      const pid = Number(entry);
      const found = readProc(pid, 'environ')?.split('\0').includes(wanted) === true;
      const identity = found ? identify(pid) : undefined;
      return identity === undefined ? [] : [identity];
    });
}

/** A file below /proc/PID, or `undefined` when the process is gone or not ours to read. */
function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH') || isCode(error, 'EACCES')) return undefined;
    throw error;
  }
}
