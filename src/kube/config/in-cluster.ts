import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../time/clock.ts';
import type { ClusterConnection, CredentialSource } from './cluster-connection.ts';
import { KubeConfigError } from './config-error.ts';
import { WatchedFile } from './watched-file.ts';

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Default: where the kubelet mounts the service account. */
  readonly folder?: string;
}

/** Whether this process looks like a container of a pod: the kubelet sets the API server's address. */
export function isInCluster(env: InClusterOptions['env']): boolean {
  return Boolean(env.KUBERNETES_SERVICE_HOST) && Boolean(env.KUBERNETES_SERVICE_PORT);
}

/**
 * The connection of a pod to its own cluster, by its service account. Token and authority are read again every minute,
 * the token also after a 401.
 *
 * @throws KubeConfigError outside a pod, and in a pod without a mounted service account
 */
export async function inClusterConnection(options: InClusterOptions): Promise<ClusterConnection> {
  const { env, clock, folder = SERVICE_ACCOUNT_FOLDER } = options;
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (!host || !port) {
    throw new KubeConfigError(
      'this process does not run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
      'run it in a pod, or give it a kubeconfig',
    );
  }
  const token = new WatchedFile(join(folder, 'token'), "the service account's token", clock);
  const authority = new WatchedFile(join(folder, 'ca.crt'), "the service account's authority", clock);
  // Fail at start, where a person looks, and not at the first request.
  await Promise.all([token.read(), authority.read()]);
  return {
    source: 'the service account of this pod',
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    namespace: await podNamespace(join(folder, 'namespace')),
    certificateAuthority: () => authority.read(),
    credentials: tokenFileCredentials(token),
  };
}

/** Bearer tokens from a file that somebody keeps fresh. */
export function tokenFileCredentials(file: WatchedFile): CredentialSource {
  return {
    current: async () => ({ token: (await file.read()).trim() }),
    refused: () => {
      file.expire();
      return true;
    },
  };
}

async function podNamespace(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new KubeConfigError(`the pod's namespace cannot be read from ${path}`, 'mount the service account', error);
  }
}
