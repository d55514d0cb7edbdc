import type { HostFiles } from '../host-files.ts';
import { locateCgroups } from './cgroup-path.ts';

/** Cores that `cpu.max` (cgroup v2, `QUOTA PERIOD` in microseconds) allows; `undefined` for `max` and for nonsense. */
export function parseCpuMax(text: string): number | undefined {
  const match = /^(\d+)(?:\s+(\d+))?\s*$/.exec(text);
  return match === null ? undefined : quotient(match[1], match[2] ?? '100000');
}

/** The same from the two files of cgroup v1, where a quota of -1 means none. */
export function parseCfsQuota(quota: string, period: string): number | undefined {
  return quotient(quota.trim(), period.trim());
}

function quotient(quota: string | undefined, period: string): number | undefined {
  if (quota === undefined || !/^\d{1,15}$/.test(quota) || !/^\d{1,15}$/.test(period)) return undefined;
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

/** The tightest CPU quota on the way from this process's group to the top; `undefined` when there is none. */
export async function readCpuQuota(
  files: HostFiles,
  membership: string,
  mountInfo: string,
): Promise<number | undefined> {
  let tightest: number | undefined;
  for (const { version, directories } of locateCgroups('cpu', membership, mountInfo)) {
    for (const directory of directories) {
      const cores = version === 2 ? await fromV2(files, directory) : await fromV1(files, directory);
      if (cores !== undefined && (tightest === undefined || cores < tightest)) tightest = cores;
    }
  }
  return tightest;
}

async function fromV2(files: HostFiles, directory: string): Promise<number | undefined> {
  const { text } = await files.read(`${directory}/cpu.max`);
  return text === undefined ? undefined : parseCpuMax(text);
}

async function fromV1(files: HostFiles, directory: string): Promise<number | undefined> {
  const quota = await files.read(`${directory}/cpu.cfs_quota_us`);
  const period = await files.read(`${directory}/cpu.cfs_period_us`);
  return quota.text === undefined || period.text === undefined ? undefined : parseCfsQuota(quota.text, period.text);
}
