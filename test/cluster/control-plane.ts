import { dirname } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { ETCD, KUBERNETES } from '../../scripts/cluster/go-sources.ts';
import { findDebianPrograms, findGoPrograms } from '../../scripts/cluster/programs.ts';
import { apiRequest } from './api-request.ts';
import { type ClusterPki, createPki, NO_NODES_ADDRESS, SERVICE_RANGE } from './cluster-pki.ts';
import { ClusterProcess } from './cluster-process.ts';
import { startEtcd, type TestEtcd } from './etcd.ts';
import { accessOf, type ClientAccess, kubeconfigText, writeKubeconfig } from './kubeconfig.ts';
import { PortRange } from './ports.ts';
import { ClusterState } from './state.ts';
import { removeCluster, removeForgotten } from './sweep.ts';

export interface ControlPlaneOptions {
  /** `old` is Debian's 3.4, on which a streamed list (WatchList) ends in an error event. Default: `current`. */
  readonly etcd?: 'current' | 'old';
  /** Switches of the API server, as `{ WatchList: false }`. */
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** More command-line arguments for the API server; later ones win. */
  readonly apiServerArgs?: readonly string[];
  /** Told one line at a time what is being done. */
  readonly progress?: (line: string) => void;
}

/** etcd and an API server, and nothing else: objects are stored and watched, nobody acts on them. */
export interface ControlPlane {
  readonly kubeconfigPath: string;
  /** The text of the kubeconfig, for an administrator. */
  readonly adminKubeconfig: string;
  /** The same as plain values. */
  readonly admin: ClientAccess;
  /** Stop it, start it again (same port, same data), or send it a signal. */
  readonly apiServer: ClusterProcess;
  readonly etcd: TestEtcd;
  /** Runs kubectl as administrator and returns what it prints; throws when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Stops everything and removes the folder. */
  stop(): Promise<void>;
}

/** The parts a bigger cluster is built on. */
export interface ControlPlaneParts extends ControlPlane {
  readonly state: ClusterState;
  readonly pki: ClusterPki;
  readonly ports: PortRange;
  readonly progress: (line: string) => void;
}

/** Starts etcd and an API server on loopback and waits until it answers: a few seconds from a warm cache. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  await removeForgotten();
  const state = await ClusterState.claim({ keep: false });
  try {
    return await startControlPlaneIn(state, new PortRange(state.record.index), NO_NODES_ADDRESS, options);
  } catch (error) {
    await removeCluster(state.record);
    throw error;
  }
}

/** Starts the control plane of the cluster in `state`; the API server listens at `address`. */
export async function startControlPlaneIn(
  state: ClusterState,
  ports: PortRange,
  address: string,
  options: ControlPlaneOptions,
): Promise<ControlPlaneParts> {
  const progress = options.progress ?? (() => undefined);
  await findDebianPrograms(['openssl'], progress);
  const { etcd: etcdProgram } =
    options.etcd === 'old'
      ? await findDebianPrograms(['etcd'], progress)
      : await findGoPrograms(ETCD, ['etcd'], progress);
  const found = await findGoPrograms(KUBERNETES, ['kube-apiserver', 'kubectl'], progress);
  const pki = await createPki(state.makeFolder('pki'), address);
  const etcd = await startEtcd(state, etcdProgram, ports);
  const port = await ports.take();
  const admin = accessOf(`https://${address}:${port}`, pki.authority.certificate, pki.admin);
  const kubeconfigPath = writeKubeconfig(state.record.kubeconfig, admin, 'admin');
  const apiServer = new ClusterProcess(state, {
    name: 'kube-apiserver',
    argv: [found['kube-apiserver'], ...apiServerArgs(pki, etcd.url, address, port, options)],
    ready: async () => ((await apiRequest(admin, '/readyz')).status === 200 ? true : undefined),
  });
  await apiServer.start();
  return {
    kubeconfigPath,
    adminKubeconfig: kubeconfigText(admin, 'admin'),
    admin,
    apiServer,
    etcd,
    state,
    pki,
    ports,
    progress,
    kubectl: (args, input) => kubectl(found.kubectl, kubeconfigPath, args, input),
    stop: () => removeCluster(state.record),
  };
}

async function kubectl(program: string, kubeconfig: string, args: readonly string[], input = ''): Promise<string> {
  // Its discovery cache belongs to this cluster: the next one may listen at the same address with other kinds.
  const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${dirname(kubeconfig)}/kubectl-cache` };
  return command([program, ...args], { input, env });
}

function apiServerArgs(
  pki: ClusterPki,
  etcdUrl: string,
  address: string,
  port: number,
  options: ControlPlaneOptions,
): readonly string[] {
  const gates = Object.entries(options.featureGates ?? {}).map(([name, on]) => `${name}=${on}`);
  return [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--advertise-address=${address}`,
    // A loopback address may not stand in the endpoints of the Service `kubernetes`.
    `--endpoint-reconciler-type=${address === NO_NODES_ADDRESS ? 'none' : 'lease'}`,
    `--tls-cert-file=${pki.server.certificate}`,
    `--tls-private-key-file=${pki.server.key}`,
    `--client-ca-file=${pki.authority.certificate}`,
    `--kubelet-client-certificate=${pki.kubeletClient.certificate}`,
    `--kubelet-client-key=${pki.kubeletClient.key}`,
    // Node names are in nobody's DNS.
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${pki.serviceAccountKey}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--profiling=false',
    // Aggregated APIs: who may speak for users, and how the API server proves itself to them. It has no kube-proxy
    // beside it, so it goes to the pods themselves.
    `--requestheader-client-ca-file=${pki.frontProxyAuthority.certificate}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${pki.frontProxyClient.certificate}`,
    `--proxy-client-key-file=${pki.frontProxyClient.key}`,
    '--enable-aggregator-routing=true',
    ...(gates.length > 0 ? [`--feature-gates=${gates.join(',')}`] : []),
    ...(options.apiServerArgs ?? []),
  ];
}
