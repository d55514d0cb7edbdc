import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { isCode } from '../../scripts/cluster/lock.ts';
import { processesWithEnvironment } from './process-table.ts';
import { CLUSTER_VARIABLE, clustersFolder } from './state.ts';

/** Everything on this machine that shows one cluster is, or was, there. */
export interface Traces {
  readonly processes: readonly string[];
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly cgroups: readonly string[];
  /** Mounts in the namespace of any process. */
  readonly mounts: readonly string[];
  readonly folders: readonly string[];
}

export const NO_TRACES: Traces = { processes: [], links: [], routes: [], cgroups: [], mounts: [], folders: [] };

/** @param id as `flx0` */
export async function findTraces(id: string): Promise<Traces> {
  const folder = join(clustersFolder(), id);
  const index = id.replace('flx', '');
  const routes = await command(['ip', 'route', 'show', 'table', 'all']);
  return {
    processes: processesWithEnvironment(CLUSTER_VARIABLE, folder).map(({ pid }) => describe(pid)),
    links: readdirSync('/sys/class/net').filter((name) => new RegExp(`^${id}(n[0-9]+)?$`).test(name)),
    routes: routes.split('\n').filter((line) => line.includes(`10.250.${index}.`)),
    cgroups: readdirSync('/sys/fs/cgroup').flatMap((hierarchy) => cgroupsOf(join('/sys/fs/cgroup', hierarchy), id)),
    mounts: mountsOfAnybody(folder),
    folders: existsSync(folder) ? [folder] : [],
  };
}

/** Chains of kube-proxy and the pod network in the machine's own firewall, where they have no business. */
export async function foreignFirewallChains(): Promise<readonly string[]> {
  const rules = await command(['iptables-save']);
  return rules.split('\n').filter((line) => /^:(KUBE|CNI)-/.test(line));
}

/** Settings of the one kernel that all nodes share, with their values. */
export function kernelSettings(): readonly string[] {
  const names = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'net/ipv4/ip_forward'];
  return names.map((name) => `${name}=${readFileSync(`/proc/sys/${name}`, 'utf8').trim()}`);
}

function describe(pid: number): string {
  return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
}

function cgroupsOf(hierarchy: string, id: string): readonly string[] {
  const isOurs = (name: string) => name === id || name.startsWith(`${id}-`);
  return existsSync(hierarchy) ? readdirSync(hierarchy).filter(isOurs) : [];
}

function mountsOfAnybody(folder: string): readonly string[] {
  const pids = readdirSync('/proc').filter((entry) => /^[0-9]+$/.test(entry));
  const all = pids.flatMap((pid) => mountsOf(pid).filter((line) => line.includes(`${folder}/`)));
  return [...new Set(all)];
}

/** The mounts a process sees: none when it has just ended, or is a zombie. */
function mountsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'EINVAL') || isCode(error, 'ESRCH') || isCode(error, 'EACCES')) {
      return [];
    }
    throw error;
  }
}
