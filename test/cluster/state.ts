import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../scripts/cluster/lock.ts';
import { cacheFolder } from '../../scripts/cluster/versions.ts';
import { identify, type ProcessIdentity } from './process-table.ts';

/** Set in the environment of every process of a cluster, so that even one nobody recorded is found again. */
export const CLUSTER_VARIABLE = 'FLEXINFER_TEST_CLUSTER';

/**
 * Everything a cluster has made on this machine, written before it is made, so that a crash leaves nothing unknown.
 * Mounts, iptables rules and network namespaces are not in it: they live in namespaces that end with the processes.
 */
export interface ClusterRecord {
  readonly id: string;
  readonly index: number;
  /** The process whose cluster it is; `null`: it stays until `cluster down`. */
  readonly owner: ProcessIdentity | null;
  readonly kubeconfig: string;
  readonly processes: readonly (ProcessIdentity & { readonly name: string })[];
  /** Network devices in the machine's own network; their addresses and routes go with them. */
  readonly links: readonly string[];
  /** Control groups, as paths below each hierarchy. */
  readonly cgroups: readonly string[];
}

type Resource = 'links' | 'cgroups';

/** The folder of all test clusters; each has a folder in it, named by its id. */
export function clustersFolder(): string {
  return join(cacheFolder(), 'clusters');
}

/** One cluster's folder and the record in it. */
export class ClusterState {
  readonly folder: string;
  #record: ClusterRecord;

  private constructor(folder: string, record: ClusterRecord) {
    this.folder = folder;
    this.#record = record;
  }

  /** Takes the lowest free number, so that clusters can run beside each other, and makes the folder. */
  static async claim(options: { readonly keep: boolean }): Promise<ClusterState> {
    const root = clustersFolder();
    return withLock(
      join(root, '.lock'),
      () => undefined,
      async () => {
        let index = 0;
        while (existsSync(join(root, idOf(index)))) index += 1;
        const record: ClusterRecord = {
          id: idOf(index),
          index,
          owner: options.keep ? null : (identify(process.pid) ?? null),
          kubeconfig: join(root, idOf(index), 'kubeconfig'),
          processes: [],
          links: [],
          cgroups: [],
        };
        // Appears with its record in it, so that even a crash right here leaves nothing that nobody would clean up.
        const unborn = join(root, '.unborn');
        rmSync(unborn, { recursive: true, force: true });
        mkdirSync(unborn);
        new ClusterState(unborn, record).#write();
        renameSync(unborn, join(root, record.id));
        return new ClusterState(join(root, record.id), record);
      },
    );
  }

  get record(): ClusterRecord {
    return this.#record;
  }

  get id(): string {
    return this.#record.id;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Makes a folder inside the cluster's own. */
  makeFolder(...parts: readonly string[]): string {
    const path = this.path(...parts);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Records something that is about to be made. */
  willMake(resource: Resource, name: string): void {
    if (this.#record[resource].includes(name)) return;
    this.#record = { ...this.#record, [resource]: [...this.#record[resource], name] };
    this.#write();
  }

  /** Records a process that was started, in place of an earlier one of the same name. */
  started(name: string, identity: ProcessIdentity): void {
    const others = this.#record.processes.filter((each) => each.name !== name);
    this.#record = { ...this.#record, processes: [...others, { name, ...identity }] };
    this.#write();
  }

  #write(): void {
    const path = this.path('state.json');
    writeFileSync(`${path}.new`, `${JSON.stringify(this.#record, undefined, 2)}\n`);
    renameSync(`${path}.new`, path);
  }
}

/** The records of all clusters on this machine. */
export function readRecords(): readonly ClusterRecord[] {
  const root = clustersFolder();
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^flx[0-9]+$/.test(name))
    .flatMap((name) => {
      const path = join(root, name, 'state.json');
      // Another process may just be removing it.
      return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as ClusterRecord] : [];
    });
}

/** Forgets a cluster: called when everything in its record is gone. */
export function forget(id: string): void {
  rmSync(join(clustersFolder(), id), { recursive: true, force: true });
}

function idOf(index: number): string {
  return `flx${index}`;
}
