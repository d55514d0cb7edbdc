import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonFilesIn, readJsonFile, writeJsonFile } from './json-file.ts';

/** One `flexinfer up` on this machine. */
export interface RunningServer {
  readonly pid: number;
  readonly endpoint: string;
  readonly file: string;
  readonly startedAt: string;
  readonly models: readonly { readonly name: string; readonly modelHash: string; readonly deviceClass: string }[];
}

interface Entry extends RunningServer {
  /** Start time of the process in clock ticks since boot: a reused pid is not mistaken for the server. */
  readonly startTicks: string;
}

/** The list of running servers: a file each, removed at the end, swept when its process is gone. */
export class RunningServers {
  readonly #folder: string;

  constructor(stateDirectory: string) {
    this.#folder = join(stateDirectory, 'running');
  }

  /** Announces this process. The returned function takes the announcement back. */
  async add(server: RunningServer): Promise<() => Promise<void>> {
    const path = join(this.#folder, `${server.pid}.json`);
    await writeJsonFile(path, { ...server, startTicks: (await startTicks(server.pid)) ?? '' } satisfies Entry);
    return () => rm(path, { force: true });
  }

  async list(): Promise<readonly RunningServer[]> {
    const alive: RunningServer[] = [];
    for (const path of await jsonFilesIn(this.#folder)) {
      const entry = asEntry(await readJsonFile(path));
      if (entry !== undefined && (await startTicks(entry.pid)) === entry.startTicks) alive.push(entry);
      else await rm(path, { force: true });
    }
    return alive.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  }
}

function asEntry(value: unknown): Entry | undefined {
  const entry = value as Partial<Entry> | null | undefined;
  const whole = typeof entry?.pid === 'number' && typeof entry.endpoint === 'string' && Array.isArray(entry.models);
  return whole ? (entry as Entry) : undefined;
}

/** Field 22 of /proc/PID/stat, counted after the command name, which may hold spaces; `undefined` for no process. */
async function startTicks(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}
