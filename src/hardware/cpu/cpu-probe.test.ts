import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { CpuInventory } from '../inventory.ts';
import type { ProbeResult } from '../probe.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { x86Host } from '../testing/machines.ts';
import { cpuProbe } from './cpu-probe.ts';

async function probe(tree: HostTree): Promise<ProbeResult<CpuInventory>> {
  await using machine = await installMachine({ tree });
  return await cpuProbe.probe({ files: hostFiles(machine.options.hostRoot) });
}

describe('cpuProbe', () => {
  it('describes a machine without limits', async () => {
    expect(await probe(x86Host)).toEqual({
      value: {
        model: 'Intel(R) Xeon(R) Processor',
        architecture: 'x86-64',
        level: 'v4',
        avx512: true,
        allocatableCores: 16,
        logicalCpus: 16,
      },
      problems: [],
    });
  });

  it('counts only the cores of its affinity', async () => {
    const { value } = await probe({ ...x86Host, '/proc/self/status': 'Cpus_allowed_list:\t0-2,7\n' });

    expect(value).toMatchObject({ allocatableCores: 4, logicalCpus: 16 });
  });

  it.each([
    ['250000 100000', 2.5],
    ['125000 100000', 1.2],
    ['5000 100000', 0.1],
    ['max 100000', 16],
    ['6400000 100000', 16],
  ])('respects a quota of %s', async (cpuMax, cores) => {
    const { value } = await probe({ ...x86Host, '/sys/fs/cgroup/cpu.max': `${cpuMax}\n` });

    expect(value.allocatableCores).toBe(cores);
  });

  it('names another architecture as its own level', async () => {
    const { value, problems } = await probe({
      '/proc/cpuinfo':
        'processor : 0\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU architecture: 8\nCPU part : 0xd4f\n',
    });

    expect(value).toMatchObject({ model: 'Neoverse-V2', architecture: 'arm64', level: 'arm64', avx512: false });
    expect(problems).toEqual([]);
  });

  it('still counts cores when the processor cannot be read, and says what it could not', async () => {
    const missing = await probe({ '/proc/self/status': 'Cpus_allowed_list:\t0\n' });
    const empty = await probe({ '/proc/cpuinfo': '', '/sys/devices/system/cpu/online': '0-7\n' });

    expect(missing.problems).toEqual([{ source: 'cpu', reason: 'unreadable', detail: '/proc/cpuinfo: ENOENT' }]);
    expect(missing.value).toMatchObject({ model: 'unknown', avx512: false, allocatableCores: 1 });
    expect(missing.value.logicalCpus).toBeGreaterThan(0);
    expect(empty.problems.map((problem) => problem.reason)).toEqual(['empty']);
    expect(empty.value).toMatchObject({ allocatableCores: 8, logicalCpus: 8 });
  });

  it('says that an x86-64 processor without flags has an unknown level', async () => {
    const { value, problems } = await probe({
      '/proc/cpuinfo': 'processor : 0\nmodel name : X\nflags : lm\n\nprocessor : 1\nmodel name : X\n',
    });

    expect(value.level).toBe('unknown');
    expect(problems.map((problem) => problem.reason)).toEqual(['no_flags']);
  });
});
