import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterState } from './state.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';
const PERIOD_MICROSECONDS = 100_000;

/**
 * Makes the control group that all pods of a node live in, in every hierarchy, and limits them together to `cpuQuota`
 * cores when that is given.
 *
 * @returns its path below each hierarchy, as the kubelet wants it
 */
export function createNodeCgroup(state: ClusterState, name: string, cpuQuota: number | undefined): string {
  state.willMake('cgroups', name);
  const unified = existsSync(join(CGROUP_ROOT, 'cgroup.controllers'));
  if (unified) createUnified(name, cpuQuota);
  else createPerController(name, cpuQuota);
  return `/${name}`;
}

function createPerController(name: string, cpuQuota: number | undefined): void {
  for (const hierarchy of readdirSync(CGROUP_ROOT)) {
    if (existsSync(join(CGROUP_ROOT, hierarchy, 'cgroup.procs'))) mkdirSync(join(CGROUP_ROOT, hierarchy, name));
  }
  // A cpuset starts out empty, and nothing can run in an empty one.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const parent = readFileSync(join(CGROUP_ROOT, 'cpuset', file), 'utf8');
    writeFileSync(join(CGROUP_ROOT, 'cpuset', name, file), parent);
  }
  if (cpuQuota === undefined) return;
  writeFileSync(join(CGROUP_ROOT, 'cpu', name, 'cpu.cfs_period_us'), String(PERIOD_MICROSECONDS));
  writeFileSync(join(CGROUP_ROOT, 'cpu', name, 'cpu.cfs_quota_us'), String(cpuQuota * PERIOD_MICROSECONDS));
}

function createUnified(name: string, cpuQuota: number | undefined): void {
  mkdirSync(join(CGROUP_ROOT, name));
  if (cpuQuota === undefined) return;
  const limit = `${cpuQuota * PERIOD_MICROSECONDS} ${PERIOD_MICROSECONDS}`;
  writeFileSync(join(CGROUP_ROOT, name, 'cpu.max'), limit);
}
