import { availableParallelism } from 'node:os';
import { readCpuQuota } from '../cgroup/cpu-quota.ts';
import type { CpuInventory, HardwareProblem } from '../inventory.ts';
import type { Probe, ProbeContext, ProbeResult } from '../probe.ts';
import { countCpuList, parseAffinity } from './cpu-list.ts';
import { parseCpuInfo } from './cpuinfo.ts';

/** The processor: `/proc/cpuinfo`, this process's affinity and its cgroup's quota. */
export const cpuProbe: Probe<CpuInventory> = { source: 'cpu', probe: probeCpu };

async function probeCpu({ files }: ProbeContext): Promise<ProbeResult<CpuInventory>> {
  const problems: HardwareProblem[] = [];
  const problem = (reason: string, detail: string): void => void problems.push({ source: 'cpu', reason, detail });

  const cpuinfo = await files.read('/proc/cpuinfo');
  if (cpuinfo.text === undefined) problem('unreadable', `/proc/cpuinfo: ${cpuinfo.code}`);
  const info = parseCpuInfo(cpuinfo.text ?? '');
  if (cpuinfo.text !== undefined && info.logicalCpus === 0) problem('empty', '/proc/cpuinfo lists no processor');
  const architecture = info.architecture ?? (process.arch === 'x64' ? 'x86-64' : process.arch);
  if (info.logicalCpus > 0 && architecture === 'x86-64' && info.x86Level === undefined) {
    problem('no_flags', '/proc/cpuinfo lists a processor without flags');
  }

  const status = await files.read('/proc/self/status');
  const online = await files.read('/sys/devices/system/cpu/online');
  const membership = await files.read('/proc/self/cgroup');
  const mountInfo = await files.read('/proc/self/mountinfo');
  const quota = await readCpuQuota(files, membership.text ?? '', mountInfo.text ?? '');

  const listed = info.logicalCpus > 0 ? info.logicalCpus : countCpuList(online.text ?? '');
  // Node runs on the machine it asks about, so its own count is a fact and not a guess.
  const logicalCpus = listed ?? availableParallelism();
  const affinity = parseAffinity(status.text ?? '') ?? logicalCpus;
  return {
    value: {
      model: info.model ?? 'unknown',
      architecture,
      level: info.x86Level ?? (architecture === 'x86-64' ? 'unknown' : architecture),
      avx512: info.avx512,
      allocatableCores: oneDecimal(Math.min(affinity, logicalCpus, quota ?? Number.POSITIVE_INFINITY)),
      logicalCpus,
    },
    problems,
  };
}

/** Rounded down, so that nobody counts on a share of a core that is not there; never zero, which nothing can be. */
function oneDecimal(cores: number): number {
  return Math.max(0.1, Math.floor(cores * 10 + 1e-9) / 10);
}
