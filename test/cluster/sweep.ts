import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { withLock } from '../../scripts/cluster/lock.ts';
import { stopProcess } from './cluster-process.ts';
import { identify, isRunning, type ProcessIdentity, processesWithEnvironment } from './process-table.ts';
import { CLUSTER_VARIABLE, type ClusterRecord, clustersFolder, forget, readRecords } from './state.ts';

const CGROUP_ROOT = '/sys/fs/cgroup';

/** Removes every cluster whose owner is gone: what a crashed or killed test run left. Returns their ids. */
export async function removeForgotten(): Promise<readonly string[]> {
  const find = () => readRecords().filter((record) => record.owner !== null && !isRunning(record.owner));
  if (find().length === 0) return [];
  return withLock(
    join(clustersFolder(), '.sweep'),
    () => undefined,
    async () => {
      const forgotten = find();
      for (const record of forgotten) await removeCluster(record);
      return forgotten.map((record) => record.id);
    },
  );
}

/** Stops and removes everything a cluster has made on this machine. Can be repeated, also after it failed half-way. */
export async function removeCluster(record: ClusterRecord): Promise<void> {
  const current = readRecords().find((each) => each.id === record.id) ?? record;
  await stopProcesses(current);
  for (const link of current.links) await deleteLink(link);
  for (const cgroup of current.cgroups.toReversed()) removeCgroup(cgroup);
  forget(current.id);
}

/** Nodes first and etcd last, so that each still finds what it needs to end in order; then whoever is left. */
async function stopProcesses(record: ClusterRecord): Promise<void> {
  for (const each of record.processes.toReversed()) await stopProcess(each, 5_000);
  const folder = join(clustersFolder(), record.id);
  // A process may start another one meanwhile, so look until nobody is left.
  for (;;) {
    const left = [...processesWithEnvironment(CLUSTER_VARIABLE, folder), ...record.cgroups.flatMap(processesInCgroup)];
    if (left.length === 0) return;
    await Promise.all(left.map((each) => stopProcess(each, 0)));
  }
}

async function deleteLink(name: string): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) await command(['ip', 'link', 'delete', name]);
}

function cgroupFolders(cgroup: string): readonly string[] {
  return readdirSync(CGROUP_ROOT)
    .map((hierarchy) => join(CGROUP_ROOT, hierarchy, cgroup))
    .filter((path) => existsSync(path));
}

function processesInCgroup(cgroup: string): readonly ProcessIdentity[] {
  return cgroupFolders(cgroup).flatMap((folder) =>
    withSubfolders(folder).flatMap((each) =>
      readFileSync(join(each, 'cgroup.procs'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .flatMap((pid) => identify(Number(pid)) ?? []),
    ),
  );
}

/** A control group can only be removed when it is empty, so the innermost goes first. */
function removeCgroup(cgroup: string): void {
  for (const folder of cgroupFolders(cgroup)) {
    for (const each of withSubfolders(folder).toReversed()) rmdirSync(each);
  }
}

function withSubfolders(folder: string): readonly string[] {
  const inside = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => withSubfolders(join(folder, entry.name)));
  return [folder, ...inside];
}
