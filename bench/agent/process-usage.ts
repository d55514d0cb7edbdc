import { readFileSync } from 'node:fs';

/** Ticks of /proc per second: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessUsage {
  /** Of the process itself, without the tools it starts. */
  readonly cpuMs: number;
  /** Of the tools it started and that have ended. */
  readonly childCpuMs: number;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
}

/** What another process has used so far. Source: proc_pid_stat(5), proc_pid_status(5) */
export function processUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const ticks = (index: number) => fields[index] ?? Number.NaN;
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return {
    cpuMs: ((ticks(11) + ticks(12)) * 1000) / TICKS_PER_SECOND,
    childCpuMs: ((ticks(13) + ticks(14)) * 1000) / TICKS_PER_SECOND,
    rssMiB: mib('VmRSS'),
    peakRssMiB: mib('VmHWM'),
  };
}
