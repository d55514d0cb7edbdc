import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { withLock } from '../../scripts/cluster/lock.ts';
import { cacheFolder } from '../../scripts/cluster/versions.ts';

const VERSION = '2.4.0';

/** One question for the hub's own client: what, repository, revision, path, token. */
export type HubQuestion = readonly ['metadata' | 'list' | 'download', string, string, string, string];

/** A Python with the hub's own client, installed on first need and kept in the cache. */
export async function realHubClient(): Promise<string> {
  const folder = join(cacheFolder(), `huggingface-hub-${VERSION}`);
  const python = join(folder, 'bin', 'python3');
  if (existsSync(join(folder, 'complete'))) return python;
  await mkdir(cacheFolder(), { recursive: true });
  await withLock(
    `${folder}.lock`,
    (pid) => console.error(`waiting for process ${pid}, which is installing the hub's client`),
    async () => {
      if (existsSync(join(folder, 'complete'))) return;
      await rm(folder, { recursive: true, force: true });
      // A virtual environment contains its own path, so it is built where it stays.
      await command(['python3', '-m', 'venv', folder]);
      await command([python, '-m', 'pip', 'install', '--quiet', `huggingface_hub==${VERSION}`]);
      await mkdir(join(folder, 'complete.new'));
      await rename(join(folder, 'complete.new'), join(folder, 'complete'));
    },
  );
  return python;
}

export async function ask(
  python: string,
  endpoint: string,
  home: string,
  questions: readonly HubQuestion[],
): Promise<readonly unknown[]> {
  const program = join(import.meta.dirname, 'real-hub-client.py');
  const env = {
    HF_ENDPOINT: endpoint,
    HF_HOME: home,
    HOME: home,
    HF_HUB_DISABLE_TELEMETRY: '1',
    HF_HUB_DISABLE_XET: '1',
  };
  const answers: unknown = JSON.parse(await command([python, program, JSON.stringify(questions)], { env }));
  if (!Array.isArray(answers)) throw new Error('the client answered no list');
  return answers;
}
