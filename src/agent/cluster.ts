import { FlexInferError } from '../api/errors.ts';
import { clusterConnection } from '../kube/config/cluster-config.ts';
import { KubeConfigError } from '../kube/config/config-error.ts';
import { KubeClient } from '../kube/rest/kube-client.ts';

/**
 * A client for the cluster that the agent was pointed at.
 *
 * @throws FlexInferError USAGE when no cluster is configured, or wrongly
 */
export async function connectCluster(
  kubeconfig: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KubeClient> {
  try {
    const connection = await clusterConnection({ path: kubeconfig, env });
    return new KubeClient({ connection, rateLimit: { perSecond: 5, burst: 10 } });
  } catch (error) {
    if (!(error instanceof KubeConfigError)) throw error;
    throw new FlexInferError('USAGE', error.message, { todo: error.todo, cause: error });
  }
}
