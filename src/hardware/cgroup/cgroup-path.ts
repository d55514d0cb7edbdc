/** A directory of the cgroup file system in which this process is, and the directories above it that we can see. */
export interface CgroupLocation {
  readonly version: 1 | 2;
  /** From the process's own group up to the top of the mount; limits of every one of them apply. */
  readonly directories: readonly string[];
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
}

/**
 * Where the limits of one controller (`cpu`, `memory`) for this process are kept.
 *
 * @param membership text of `/proc/self/cgroup`
 * @param mountInfo text of `/proc/self/mountinfo`; when empty, the usual mount points are assumed
 * @returns version 1 and 2 both, on a machine with both: either may hold the controller. Empty without cgroups.
 */
export function locateCgroups(controller: string, membership: string, mountInfo: string): readonly CgroupLocation[] {
  const mounts = parseMounts(mountInfo);
  const locations: CgroupLocation[] = [];
  for (const line of membership.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/.exec(line.trim());
    if (match === null) continue;
    const [, hierarchy, controllers = '', path = '/'] = match;
    const version = hierarchy === '0' && controllers === '' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes(controller)) continue;
    const mount = mounts.find((each) =>
      version === 2 ? each.version === 2 : each.version === 1 && each.controllers.includes(controller),
    );
    if (mount !== undefined) {
      locations.push({ version, directories: upwards(mount, path) });
    } else if (mounts.length === 0) {
      const point = version === 2 ? '/sys/fs/cgroup' : `/sys/fs/cgroup/${controllers}`;
      locations.push({ version, directories: upwards({ root: '/', point, version, controllers: [] }, path) });
    }
  }
  return locations;
}

/** `36 35 98:0 /root /mount/point options shared:1 - cgroup cgroup rw,memory`; see proc_pid_mountinfo(5). */
function parseMounts(text: string): readonly Mount[] {
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [left = '', right = ''] = line.split(' - ', 2);
    const [, , , root, point] = left.split(' ');
    const [type, , options = ''] = right.split(' ');
    if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({
      root: unescape(root),
      point: unescape(point),
      version: type === 'cgroup2' ? 2 : 1,
      controllers: options.split(','),
    });
  }
  return mounts;
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function upwards(mount: Mount, path: string): readonly string[] {
  // A container without its own cgroup namespace sees the host's path but only its own subtree mounted.
  let inside =
    mount.root === '/' ? path : `${path}/`.startsWith(`${mount.root}/`) ? path.slice(mount.root.length) : '/';
  // With a namespace, a process moved from outside is shown as `/../sibling`: nothing of that can be read here.
  if (inside.split('/').includes('..')) inside = '/';
  const directories: string[] = [];
  const parts = inside.split('/').filter((part) => part !== '');
  for (let length = parts.length; length >= 0; length -= 1) {
    directories.push([mount.point.replace(/\/$/, ''), ...parts.slice(0, length)].join('/'));
  }
  return directories;
}
