import type { ClusterProcess } from './cluster-process.ts';
import { importImage, startContainerd } from './containerd.ts';
import type { ControlPlaneParts } from './control-plane.ts';
import { startKubeProxy } from './kube-proxy.ts';
import { startKubelet } from './kubelet.ts';
import { createNodeCgroup } from './node-cgroup.ts';
import { NodeMachine } from './node-machine.ts';
import { type ClusterNetwork, nodeNetwork } from './node-network.ts';
import type { ClusterState } from './state.ts';

export interface NodeOptions {
  /** All pods of the node together get this many cores, as 0.5; no limit when absent. */
  readonly cpuQuota?: number;
  /** CPU kept from pods in what the node offers, as `500m`. */
  readonly reservedCpu?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface NodePrograms {
  readonly kubelet: string;
  readonly 'kube-proxy': string;
  readonly containerd: string;
  readonly ctr: string;
}

/** A node that really runs pods: a kubelet, containerd and kube-proxy in namespaces of their own. */
export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly kubelet: ClusterProcess;
  readonly containerd: ClusterProcess;
  readonly kubeProxy: ClusterProcess;
  /** Runs a command in the node's namespaces (its network, its /run and /var) and returns what it prints. */
  exec(argv: readonly string[]): Promise<string>;
  /** Brings an image into the node from an archive, in docker-archive or OCI layout. */
  importImage(archive: string): Promise<void>;
}

/** A node's machine with containerd on it: what can be made ready while the API server still starts. */
export interface PreparedNode {
  readonly machine: NodeMachine;
  readonly containerd: ClusterProcess;
  readonly cgroupRoot: string;
  readonly options: NodeOptions;
}

/** @param number the node's number in its cluster, 1 or 2 */
export async function prepareNode(
  state: ClusterState,
  number: number,
  options: NodeOptions,
  surroundings: {
    readonly network: ClusterNetwork;
    readonly programs: NodePrograms;
    readonly plainRegistries: readonly string[];
  },
): Promise<PreparedNode> {
  const { network, programs, plainRegistries } = surroundings;
  const name = `${state.id}-node${number}`;
  const cgroupRoot = createNodeCgroup(state, name, options.cpuQuota);
  const machine = await NodeMachine.create(state, name, network, nodeNetwork(state.record.index, number));
  const containerd = await startContainerd(state, { machine, programs, plainRegistries });
  return { machine, containerd, cgroupRoot, options };
}

/**
 * Makes a prepared node join the cluster and waits until it is Ready and its pods would reach Services.
 *
 * @param dnsAddress where its pods ask for names
 */
export async function joinNode(
  parts: ControlPlaneParts,
  prepared: PreparedNode,
  programs: NodePrograms,
  dnsAddress: string,
): Promise<ClusterNode> {
  const { machine, containerd, cgroupRoot, options } = prepared;
  const [kubelet, kubeProxy] = await Promise.all([
    startKubelet(parts, {
      machine,
      program: programs.kubelet,
      cgroupRoot,
      dnsAddress,
      labels: options.labels ?? {},
      ...(options.reservedCpu === undefined ? {} : { reservedCpu: options.reservedCpu }),
    }),
    startKubeProxy(parts, machine, programs['kube-proxy']),
  ]);
  return {
    name: machine.name,
    address: machine.network.address,
    kubelet,
    containerd,
    kubeProxy,
    exec: (argv) => machine.exec(argv),
    importImage: (archive) => importImage(machine, programs.ctr, archive),
  };
}
