import { freemem, totalmem } from 'node:os';
import { readMemoryAllowance } from '../cgroup/memory-limit.ts';
import type { HardwareProblem, MemoryInventory } from '../inventory.ts';
import type { Probe, ProbeContext, ProbeResult } from '../probe.ts';
import { parseMemInfo } from './meminfo.ts';

const MIB = 1024 * 1024;

/** Main memory: `/proc/meminfo`, narrowed by the limits of this process's cgroup and of those above it. */
export const memoryProbe: Probe<MemoryInventory> = { source: 'memory', probe: probeMemory };

async function probeMemory({ files }: ProbeContext): Promise<ProbeResult<MemoryInventory>> {
  const problems: HardwareProblem[] = [];
  const meminfo = await files.read('/proc/meminfo');
  const info = parseMemInfo(meminfo.text ?? '');
  if (info.totalKiB === undefined) {
    const detail = meminfo.text === undefined ? meminfo.code : 'no MemTotal line';
    problems.push({ source: 'memory', reason: 'unreadable', detail: `/proc/meminfo: ${detail}` });
  }
  // Node runs on the machine it asks about, so its own numbers are facts and not guesses.
  const machineTotal = info.totalKiB === undefined ? totalmem() : info.totalKiB * 1024;
  const machineFree = info.availableKiB === undefined ? freemem() : info.availableKiB * 1024;

  const membership = await files.read('/proc/self/cgroup');
  const mountInfo = await files.read('/proc/self/mountinfo');
  const allowance = await readMemoryAllowance(files, membership.text ?? '', mountInfo.text ?? '');
  const total = Math.min(machineTotal, allowance?.limitBytes ?? machineTotal);
  const available = Math.min(machineFree, allowance?.freeBytes ?? machineFree, total);
  return {
    value: { totalMiB: Math.floor(total / MIB), availableMiB: Math.floor(available / MIB) },
    problems,
  };
}
