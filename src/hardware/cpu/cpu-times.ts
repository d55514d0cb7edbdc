/** Time the processors of a machine have spent since it started, in ticks. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/**
 * The first line of `/proc/stat`. Waiting for a disk counts as idle, and time of guests is part of user time already.
 *
 * @returns `undefined` for anything that is no such line. Source: proc_stat(5)
 */
export function parseCpuTimes(stat: string): CpuTimes | undefined {
  const match = /^cpu +((?:\d+ ?){4,12})$/m.exec(stat);
  if (match?.[1] === undefined) return undefined;
  const ticks = match[1].trim().split(' ').map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = ticks;
  const busy = user + nice + system + irq + softIrq + steal;
  const total = busy + idle + ioWait;
  return Number.isSafeInteger(total) ? { busy, total } : undefined;
}

/**
 * Share of the time between two moments in which processors were working, 0 to 1.
 *
 * @returns `undefined` when no time has passed, or when the counters went back, as the one for disks may
 */
export function cpuUtilization(before: CpuTimes, after: CpuTimes): number | undefined {
  const total = after.total - before.total;
  const busy = after.busy - before.busy;
  if (total <= 0 || busy < 0) return undefined;
  return Math.min(1, busy / total);
}
