import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/clock.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { inClusterConnection, isInCluster } from './in-cluster.ts';

export interface ClusterConfigOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** A kubeconfig file; wins over everything else. */
  readonly path?: string | undefined;
  /** A context of the kubeconfig; asks for a kubeconfig even inside a pod. */
  readonly context?: string | undefined;
}

/**
 * The cluster that a program is meant to talk to: the kubeconfig it was given by flag or `KUBECONFIG`, else the cluster
 * whose pod it runs in, else `~/.kube/config`.
 *
 * @throws KubeConfigError when none of them is usable
 */
export async function clusterConnection(options: ClusterConfigOptions = {}): Promise<ClusterConnection> {
  const { env = process.env, clock = systemClock, path, context } = options;
  const asked = path !== undefined || context !== undefined || Boolean(env.KUBECONFIG);
  if (!asked && isInCluster(env)) return inClusterConnection({ env, clock });
  // The YAML parser costs 12 MiB of memory, which a pod has no use for.
  const { kubeconfigConnection } = await import('./kubeconfig.ts');
  return kubeconfigConnection({ env, clock, path, context });
}
