import { command } from '../../scripts/cluster/command.ts';
import type { ClusterState } from './state.ts';

/** The addresses of one cluster: a bridge in the machine's own network, and each node in a namespace of its own. */
export interface ClusterNetwork {
  readonly bridge: string;
  /** The machine's address on the bridge: API server and registry listen there. */
  readonly address: string;
}

export interface NodeNetwork {
  readonly link: string;
  readonly address: string;
  readonly podSubnet: string;
}

/** As many clusters with nodes as there are pod subnets to give away. */
const MAX_INDEX = 100;

export function clusterNetwork(index: number): ClusterNetwork {
  if (index > MAX_INDEX) throw new Error(`too many test clusters: ${index}: run npm run cluster -- down`);
  return { bridge: `flx${index}`, address: `10.250.${index}.1` };
}

/** @param number the node's number in its cluster, 1 or 2 */
export function nodeNetwork(index: number, number: number): NodeNetwork {
  return {
    link: `flx${index}n${number}`,
    address: `10.250.${index}.${10 + number}`,
    podSubnet: `10.251.${index * 2 + number - 1}.0/24`,
  };
}

/** Makes the bridge. Its address is what the API server advertises: pods may not be told a loopback address. */
export async function createBridge(state: ClusterState): Promise<ClusterNetwork> {
  const network = clusterNetwork(state.record.index);
  state.willMake('links', network.bridge);
  await command(['ip', 'link', 'add', network.bridge, 'type', 'bridge']);
  await command(['ip', 'address', 'add', `${network.address}/24`, 'dev', network.bridge]);
  await command(['ip', 'link', 'set', network.bridge, 'up']);
  return network;
}

/** Connects the network namespace of the process `pid` to the bridge, and lets the machine reach the node's pods. */
export async function connectNode(
  state: ClusterState,
  cluster: ClusterNetwork,
  node: NodeNetwork,
  pid: number,
): Promise<void> {
  const inside = (...args: readonly string[]) => command(['nsenter', '--target', String(pid), '--net', 'ip', ...args]);
  state.willMake('links', node.link);
  await command(['ip', 'link', 'add', node.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)]);
  await command(['ip', 'link', 'set', node.link, 'master', cluster.bridge, 'up']);
  await inside('link', 'set', 'lo', 'up');
  await inside('address', 'add', `${node.address}/24`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('route', 'add', 'default', 'via', cluster.address);
  await command(['ip', 'route', 'add', node.podSubnet, 'via', node.address, 'dev', cluster.bridge]);
}

/** Lets the pods of one node reach those of another. */
export async function routeToNode(pid: number, other: NodeNetwork): Promise<void> {
  const route = ['ip', 'route', 'add', other.podSubnet, 'via', other.address];
  await command(['nsenter', '--target', String(pid), '--net', ...route]);
}
