import { join } from 'node:path';
import { createAuthority, createCertificate, createKey, type KeyPair, publicKey } from './certificates.ts';

/** Cluster IPs of Services, and the first of them: the API server's own. */
export const SERVICE_RANGE = '10.96.0.0/16';
const API_SERVICE_ADDRESS = '10.96.0.1';

/** Where the API server of a cluster without real nodes listens. */
export const NO_NODES_ADDRESS = '127.0.0.1';

/** The certificates and keys of one cluster, as files. */
export interface ClusterPki {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
  readonly controllerManager: KeyPair;
  readonly scheduler: KeyPair;
  readonly proxy: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly frontProxyAuthority: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** What ServiceAccount tokens are signed with, and its public half. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** The client and server certificate of a kubelet. */
  node(name: string, address: string): Promise<KeyPair>;
}

/** Makes everything the programs of a cluster need to trust one another; the API server is reached at `address`. */
export async function createPki(folder: string, address: string): Promise<ClusterPki> {
  const [authority, frontProxyAuthority] = await Promise.all([
    createAuthority(folder, 'ca'),
    createAuthority(folder, 'front-proxy-ca'),
  ]);
  const client = (file: string, name: string, group?: string) =>
    createCertificate(folder, file, authority, { name, ...(group === undefined ? {} : { group }) });
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  const hosts = [...new Set(['localhost', ...service, '127.0.0.1', API_SERVICE_ADDRESS, address])];
  const serviceAccountKey = join(folder, 'service-account.key');
  const [server, admin, controllerManager, scheduler, proxy, kubeletClient, frontProxyClient] = await Promise.all([
    createCertificate(folder, 'kube-apiserver', authority, { name: 'kube-apiserver', hosts }),
    client('admin', 'admin', 'system:masters'),
    client('controller-manager', 'system:kube-controller-manager'),
    client('scheduler', 'system:kube-scheduler'),
    client('kube-proxy', 'system:kube-proxy'),
    client('kubelet-client', 'kube-apiserver-kubelet-client', 'system:masters'),
    createCertificate(folder, 'front-proxy-client', frontProxyAuthority, { name: 'front-proxy-client' }),
    createKey(serviceAccountKey),
  ]);
  return {
    authority,
    server,
    admin,
    controllerManager,
    scheduler,
    proxy,
    kubeletClient,
    frontProxyAuthority,
    frontProxyClient,
    serviceAccountKey,
    serviceAccountPublicKey: await publicKey(serviceAccountKey),
    node: (name, nodeAddress) =>
      createCertificate(folder, `kubelet-${name}`, authority, {
        name: `system:node:${name}`,
        group: 'system:nodes',
        hosts: [name, nodeAddress],
      }),
  };
}
