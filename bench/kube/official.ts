import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/cluster/versions.ts';

/** The official client that ours is compared with. It is no dependency of this project. */
export const OFFICIAL_CLIENT = '@kubernetes/client-node';
const VERSION = '2.0.1';

/** Installs it once into the cache. Returns the folder whose `node_modules` holds it. */
export function installOfficialClient(): string {
  const folder = join(cacheFolder(), `kubernetes-client-node-${VERSION}`);
  if (!existsSync(join(folder, 'node_modules', OFFICIAL_CLIENT, 'package.json'))) {
    mkdirSync(folder, { recursive: true });
    const options = ['--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact'];
    execFileSync('npm', ['install', ...options, `${OFFICIAL_CLIENT}@${VERSION}`], { stdio: 'inherit' });
  }
  return folder;
}

/** The same program as `ours.program.ts`, for the official client. It has no types here, so it is plain JavaScript. */
export const OFFICIAL_PROGRAM = `
import { CoreV1Api, KubeConfig } from '${OFFICIAL_CLIENT}';
import { costOfRequests } from './measured.ts';

const [kubeconfig, count] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const api = config.makeApiClient(CoreV1Api);
const cost = await costOfRequests(Number(count), () => api.readNamespace({ name: 'default' }));
console.log(JSON.stringify(cost));
process.exit(0);
`;
