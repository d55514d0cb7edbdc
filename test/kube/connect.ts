import { clusterConnection } from '../../src/kube/config/cluster-config.ts';
import type { ClusterConnection } from '../../src/kube/config/cluster-connection.ts';
import type { ApiCallerOptions } from '../../src/kube/rest/api-caller.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';

/** A client for a test cluster, as its administrator. */
export async function connect(
  plane: Pick<ControlPlane, 'kubeconfigPath'>,
  change: Partial<ClusterConnection> = {},
  options: Partial<ApiCallerOptions> = {},
): Promise<KubeClient> {
  const connection = await clusterConnection({ path: plane.kubeconfigPath });
  return new KubeClient({ connection: { ...connection, ...change }, rateLimit: false, ...options });
}

/** A ConfigMap to be created. */
export function configMap(namespace: string, name: string, data: Readonly<Record<string, string>> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
}
