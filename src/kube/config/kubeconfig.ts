import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Clock } from '../time/clock.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { KubeConfigError } from './config-error.ts';
import { type Kubeconfig, type KubeconfigEntry, mergeKubeconfigs, parseKubeconfig } from './kubeconfig-file.ts';
import { userCredentials } from './kubeconfig-user.ts';
import { WatchedFile } from './watched-file.ts';

export interface KubeconfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** This file alone, as `--kubeconfig` gives it. Default: the files of `KUBECONFIG`, else `~/.kube/config`. */
  readonly path?: string | undefined;
  /** Default: the file's current context. */
  readonly context?: string | undefined;
}

/**
 * The connection that a kubeconfig's context describes.
 *
 * Supported: inline and file certificates, token, token file, exec plugins, `proxy-url`, `tls-server-name`,
 * `insecure-skip-tls-verify`, several files merged. Anything else that would change who we are (`auth-provider`,
 * passwords, impersonation) is refused by name.
 *
 * @throws KubeConfigError naming the file and entry at fault
 */
export async function kubeconfigConnection(options: KubeconfigOptions): Promise<ClusterConnection> {
  const config = await loadFiles(options);
  const contextName = options.context ?? config.currentContext;
  if (contextName === undefined) {
    throw new KubeConfigError(`no current context is set in ${config.source}`, 'set one, or name a context');
  }
  const context = lookUp(config.contexts, contextName, 'context', config.source);
  const cluster = lookUp(config.clusters, context.text('cluster') ?? '', 'cluster', context.where);
  const userName = context.text('user');
  const user = userName === undefined ? undefined : lookUp(config.users, userName, 'user', context.where);

  const server = cluster.url('server');
  if (server === undefined || !/^https?:$/.test(server.protocol)) throw cluster.invalid('server', 'an http(s) URL');
  const proxyUrl = cluster.url('proxy-url');
  if (proxyUrl !== undefined && !/^https?:$/.test(proxyUrl.protocol)) {
    throw cluster.invalid('proxy-url', 'an http or https URL (SOCKS proxies are not supported)');
  }
  return {
    source: `context ${JSON.stringify(contextName)} of ${config.source}`,
    server,
    namespace: context.text('namespace') ?? 'default',
    certificateAuthority: await authority(cluster, options.clock),
    credentials:
      user === undefined
        ? { current: async () => ({}), refused: () => false }
        : await userCredentials(user, cluster, options),
    tlsServerName: cluster.text('tls-server-name'),
    insecureSkipTlsVerify: cluster.flag('insecure-skip-tls-verify'),
    proxyUrl,
  };
}

async function loadFiles({ path, env }: KubeconfigOptions): Promise<Kubeconfig> {
  if (path !== undefined) return parseKubeconfig(await readOne(path), path);
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((each) => each !== '');
  const paths = named.length > 0 ? named : [join(env.HOME ?? homedir(), '.kube', 'config')];
  const files: Kubeconfig[] = [];
  for (const each of paths) {
    try {
      files.push(parseKubeconfig(await readFile(each, 'utf8'), each));
    } catch (error) {
      // Like kubectl: of several files some may be missing.
      if (!isMissing(error)) throw error instanceof KubeConfigError ? error : unreadable(each, error);
    }
  }
  if (files.length === 0) {
    throw new KubeConfigError(`there is no kubeconfig: ${paths.join(', ')} not found`, 'create one, or set KUBECONFIG');
  }
  return mergeKubeconfigs(files);
}

async function readOne(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): KubeConfigError {
  const why = isMissing(error) ? 'no such file' : String(error);
  return new KubeConfigError(`kubeconfig ${path} cannot be read: ${why}`, 'name a kubeconfig file that exists', error);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function lookUp(
  entries: ReadonlyMap<string, KubeconfigEntry>,
  name: string,
  kind: string,
  namedBy: string,
): KubeconfigEntry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const known = [...entries.keys()].map((each) => JSON.stringify(each)).join(', ') || 'none';
  throw new KubeConfigError(
    `${namedBy} names ${kind} ${JSON.stringify(name)}, which does not exist (there are: ${known})`,
    `name one of the existing ${kind}s`,
  );
}

async function authority(cluster: KubeconfigEntry, clock: Clock): Promise<() => Promise<string | undefined>> {
  const inline = cluster.pem('certificate-authority-data');
  if (inline !== undefined) return async () => inline;
  const path = cluster.path('certificate-authority');
  if (path === undefined) return async () => undefined;
  const file = new WatchedFile(path, `certificate-authority of ${cluster.where}`, clock);
  await file.read();
  return () => file.read();
}
