import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command } from './command.ts';
import { withLock } from './lock.ts';
import { cacheFolder } from './versions.ts';

/** Programs that come from Debian, each with its package. */
const PACKAGES = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ip6tables: 'iptables',
  conntrack: 'conntrack',
  socat: 'socat',
  'docker-registry': 'docker-registry',
  skopeo: 'skopeo',
  buildah: 'buildah',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  openssl: 'openssl',
  gcc: 'gcc',
  busybox: 'busybox-static',
} as const;
export type DebianProgram = keyof typeof PACKAGES;

/** Where Debian's containernetworking-plugins puts the plugins. */
export const CNI_FOLDER = '/usr/lib/cni';

/** Set while packages are installed, so that Debian starts none of the services they bring. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Installs the packages of those programs that are not on PATH. Needs root only when one is missing. */
export async function installDebianPrograms(
  programs: readonly DebianProgram[],
  progress: (line: string) => void,
  options: { readonly cniPlugins?: boolean } = {},
): Promise<void> {
  const missing = () => [
    ...new Set([
      ...programs.filter((program) => onPath(program) === undefined).map((program) => PACKAGES[program]),
      ...(options.cniPlugins === true && !existsSync(join(CNI_FOLDER, 'bridge'))
        ? ['containernetworking-plugins']
        : []),
    ]),
  ];
  if (missing().length === 0) return;
  await withLock(
    join(cacheFolder(), 'debian.lock'),
    (pid) => progress(`waiting for process ${pid}, which is installing Debian packages`),
    async () => {
      const packages = missing();
      if (packages.length === 0) return;
      if (process.getuid?.() !== 0) {
        throw new Error(`not installed: ${packages.join(', ')}: run apt-get install ${packages.join(' ')} as root`);
      }
      progress(`installing Debian packages: ${packages.join(', ')}`);
      await withoutServices(async () => {
        const env = { DEBIAN_FRONTEND: 'noninteractive' };
        await command(['apt-get', 'update', '-q'], { env });
        await command(['apt-get', 'install', '-q', '-y', '--no-install-recommends', ...packages], { env });
      });
    },
  );
}

async function withoutServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY_FILE)) {
    await work();
    return;
  }
  writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n');
  chmodSync(POLICY_FILE, 0o755);
  try {
    await work();
  } finally {
    rmSync(POLICY_FILE, { force: true });
  }
}

/** The full path of a program, looked up in PATH and in the folders for administrators that PATH may lack. */
export function onPath(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((path) => path.startsWith('/') && existsSync(path));
}
