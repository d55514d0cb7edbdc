import { readFile } from 'node:fs/promises';
import type { GpuProcess } from '../hardware/inventory.ts';

/**
 * Whether somebody other than the engine computes on its devices.
 *
 * A driver may count processes as the host does, so in a container the engine stands there under a number that is not its
 * own. Then one process per device passes for the engine, and a second one is a stranger.
 *
 * @param processes of the devices in question
 * @param enginePid the engine as this process knows it; its descendants count as the engine
 * @param parentOf the parent of a process; `undefined` when there is no such process here
 */
export async function hasStrangers(
  processes: readonly GpuProcess[],
  enginePid: number | undefined,
  parentOf: (pid: number) => Promise<number | undefined> = parentInProc,
): Promise<boolean> {
  if (enginePid === undefined) return processes.length > 0;
  const own = await Promise.all(processes.map(({ pid }) => isWithin(pid, enginePid, parentOf)));
  if (own.some(Boolean)) return !own.every(Boolean);
  const pidsByDevice = Map.groupBy(processes, ({ pciAddress }) => pciAddress);
  return [...pidsByDevice.values()].some((members) => new Set(members.map(({ pid }) => pid)).size > 1);
}

/** No tree of processes is deeper; a loop in numbers that were given out anew ends here. */
const MAX_DEPTH = 64;

async function isWithin(
  pid: number,
  ancestor: number,
  parentOf: (pid: number) => Promise<number | undefined>,
): Promise<boolean> {
  let at: number | undefined = pid;
  for (let depth = 0; depth < MAX_DEPTH && at !== undefined && at > 0; depth += 1) {
    if (at === ancestor) return true;
    at = await parentOf(at);
  }
  return false;
}

/** Field 4 of /proc/PID/stat, counted after the command name, which may hold spaces. */
async function parentInProc(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return Number.isInteger(parent) ? parent : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) {
      return undefined;
    }
    throw error;
  }
}
