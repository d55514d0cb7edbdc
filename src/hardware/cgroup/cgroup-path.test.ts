import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locateCgroups } from './cgroup-path.ts';

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';
const mountV1 = (controllers: string, root = '/'): string =>
  `33 31 0:30 ${root} /sys/fs/cgroup/${controllers} rw,relatime - cgroup cgroup rw,${controllers}\n`;

describe('locateCgroups', () => {
  it('walks from the own group of version 2 up to the top', () => {
    expect(locateCgroups('cpu', '0::/kubepods.slice/pod1/c1\n', V2_MOUNT)).toEqual([
      {
        version: 2,
        directories: [
          '/sys/fs/cgroup/kubepods.slice/pod1/c1',
          '/sys/fs/cgroup/kubepods.slice/pod1',
          '/sys/fs/cgroup/kubepods.slice',
          '/sys/fs/cgroup',
        ],
      },
    ]);
  });

  it('finds a controller of version 1 among several on one mount', () => {
    const membership = '5:memory:/user\n4:cpu,cpuacct:/user\n';

    expect(locateCgroups('cpu', membership, mountV1('cpu,cpuacct') + mountV1('memory'))).toEqual([
      { version: 1, directories: ['/sys/fs/cgroup/cpu,cpuacct/user', '/sys/fs/cgroup/cpu,cpuacct'] },
    ]);
  });

  it('looks at both versions on a machine that has both', () => {
    const found = locateCgroups(
      'memory',
      '4:memory:/\n0::/\n',
      mountV1('memory') + V2_MOUNT.replace('cgroup ', 'cgroup/unified '),
    );

    expect(found.map((location) => location.version)).toEqual([1, 2]);
  });

  it('takes off what lies above a container that has only its own subtree mounted', () => {
    const mount = mountV1('memory', '/kubepods/pod1');

    expect(locateCgroups('memory', '4:memory:/kubepods/pod1/c1\n', mount)[0]?.directories).toEqual([
      '/sys/fs/cgroup/memory/c1',
      '/sys/fs/cgroup/memory',
    ]);
    // pod10 is no part of pod1.
    expect(locateCgroups('memory', '4:memory:/kubepods/pod10\n', mount)[0]?.directories).toEqual([
      '/sys/fs/cgroup/memory',
    ]);
  });

  it('stays at the top of its mount when its group lies outside its namespace', () => {
    expect(locateCgroups('cpu', '0::/../../other\n', V2_MOUNT)[0]?.directories).toEqual(['/sys/fs/cgroup']);
  });

  it('assumes the usual mount points when the mounts cannot be read', () => {
    expect(locateCgroups('cpu', '0::/a\n', '')[0]?.directories).toEqual(['/sys/fs/cgroup/a', '/sys/fs/cgroup']);
    expect(locateCgroups('cpu', '4:cpu,cpuacct:/\n', '')[0]?.directories).toEqual(['/sys/fs/cgroup/cpu,cpuacct']);
  });

  it('understands the escapes of mount points', () => {
    const mount = '30 23 0:26 / /my\\040cgroups rw - cgroup2 cgroup2 rw\n';

    expect(locateCgroups('cpu', '0::/\n', mount)[0]?.directories).toEqual(['/my cgroups']);
  });

  it('never throws, and never leaves a mount, on arbitrary text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (path, mounts) => {
        for (const location of locateCgroups('cpu', `0::/${path}\n`, V2_MOUNT + mounts)) {
          for (const directory of location.directories) {
            expect(directory.startsWith('/sys/fs/cgroup')).toBe(true);
            expect(directory.split('/')).not.toContain('..');
          }
        }
      }),
    );
  });
});
