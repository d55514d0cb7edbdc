import { COREDNS, KUBERNETES, KWOK } from '../../scripts/cluster/go-sources.ts';
import { findDebianPrograms, findGoPrograms } from '../../scripts/cluster/programs.ts';
import { startDns } from './cluster-dns.ts';
import { type ClusterNode, joinNode, type NodeOptions, type NodePrograms, prepareNode } from './cluster-node.ts';
import { NO_NODES_ADDRESS } from './cluster-pki.ts';
import type { ClusterProcess } from './cluster-process.ts';
import { type SchedulerConfiguration, startControllerManager, startScheduler } from './components.ts';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  type ControlPlaneParts,
  startControlPlaneIn,
} from './control-plane.ts';
import { createFakeNodes, type FakeNode, startKwok } from './fake-nodes.ts';
import { createBridge, routeToNode } from './node-network.ts';
import { PortRange } from './ports.ts';
import { whyNoNodes } from './possible.ts';
import { startRegistry, type TestRegistry } from './registry.ts';
import { ClusterState } from './state.ts';
import { removeCluster, removeForgotten } from './sweep.ts';
import { waitUntil } from './wait-until.ts';

export interface ClusterOptions extends ControlPlaneOptions {
  /** Real nodes; of two, the second is slow: its pods share half a core. A list says for each what it is like. */
  readonly nodes?: 0 | 1 | 2 | readonly NodeOptions[];
  readonly fakeNodes?: readonly FakeNode[];
  /** The default scheduler; `none` leaves pods pending. A configuration replaces the default one. */
  readonly scheduler?: 'default' | 'none' | SchedulerConfiguration;
  /** A docker-registry that tests and nodes reach. Default: only beside real nodes. */
  readonly registry?: boolean;
  readonly controllerManagerArgs?: readonly string[];
  /** Outlives this process, until `npm run cluster -- down`. */
  readonly keep?: boolean;
}

export interface Cluster extends ControlPlane {
  /** As `flx0`. */
  readonly id: string;
  readonly nodes: readonly ClusterNode[];
  readonly controllerManager: ClusterProcess;
  readonly scheduler: ClusterProcess | undefined;
  readonly registry: TestRegistry | undefined;
  /** Starts one more kube-scheduler, with profiles of its own. */
  startScheduler(name: string, configuration: SchedulerConfiguration): Promise<ClusterProcess>;
  addFakeNodes(nodes: readonly FakeNode[]): Promise<void>;
  /** Brings an image into every real node from an archive. */
  importImage(archive: string): Promise<void>;
}

/** What two nodes are like: an ordinary one, and one on which everything takes longer and less is offered. */
const NODES: readonly NodeOptions[] = [{}, { cpuQuota: 0.5, reservedCpu: '500m' }];

/** Starts a cluster of real programs and waits until it works: nodes Ready, service accounts there. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const nodes = typeof options.nodes === 'object' ? options.nodes : NODES.slice(0, options.nodes ?? 0);
  const obstacle = nodes.length > 0 ? whyNoNodes() : undefined;
  if (obstacle !== undefined) throw new Error(obstacle);
  if (nodes.length > 2) throw new Error('a test cluster has at most two real nodes; add fake ones');
  await removeForgotten();
  const state = await ClusterState.claim({ keep: options.keep === true });
  try {
    return await startClusterIn(state, nodes, options);
  } catch (error) {
    await removeCluster(state.record);
    throw error;
  }
}

async function startClusterIn(
  state: ClusterState,
  nodeOptions: readonly NodeOptions[],
  options: ClusterOptions,
): Promise<Cluster> {
  const progress = options.progress ?? (() => undefined);
  const ports = new PortRange(state.record.index);
  const found = await findGoPrograms(KUBERNETES, ['kube-controller-manager', 'kube-scheduler'], progress);
  const network = nodeOptions.length > 0 ? await createBridge(state) : undefined;
  const address = network?.address ?? NO_NODES_ADDRESS;

  // Programs that wait for one another retry by themselves, so the control plane and the machines start together.
  const registry =
    (options.registry ?? network !== undefined) ? await startTestRegistry(state, address, ports, progress) : undefined;
  const nodePrograms = network === undefined ? undefined : await findNodePrograms(progress);
  const preparing = Promise.all(
    network === undefined || nodePrograms === undefined
      ? []
      : nodeOptions.map((each, index) =>
          prepareNode(state, index + 1, each, {
            network,
            programs: nodePrograms,
            plainRegistries: registry === undefined ? [] : [registry.host],
          }),
        ),
  );
  const [parts, prepared] = await Promise.all([
    startControlPlaneIn(state, ports, address, withOldEtcd(options)),
    preparing,
  ]);
  const [first, second] = prepared;
  if (first !== undefined && second !== undefined) {
    await routeToNode(first.machine.pid, second.machine.network);
    await routeToNode(second.machine.pid, first.machine.network);
  }
  progress('API server ready');
  const controllerManager = await startControllerManager(
    parts,
    found['kube-controller-manager'],
    options.controllerManagerArgs ?? [],
  );
  const addScheduler = (name: string, configuration: SchedulerConfiguration) =>
    startScheduler(parts, found['kube-scheduler'], name, configuration);
  const configuration = typeof options.scheduler === 'object' ? options.scheduler : {};
  const scheduler = options.scheduler === 'none' ? undefined : await addScheduler('kube-scheduler', configuration);
  const addFakeNodes = fakeNodeMaker(parts);
  const [nodes] = await Promise.all([
    nodePrograms === undefined ? [] : Promise.all(prepared.map((each) => joinNode(parts, each, nodePrograms, address))),
    addFakeNodes(options.fakeNodes ?? []),
    waitForServiceAccount(parts),
    network === undefined ? undefined : startDns(parts, await findCoreDns(progress), network.address),
  ]);
  return {
    ...parts,
    id: state.id,
    nodes,
    controllerManager,
    scheduler,
    registry,
    startScheduler: addScheduler,
    addFakeNodes,
    importImage: async (archive) => {
      await Promise.all(nodes.map((node) => node.importImage(archive)));
    },
  };
}

/** On the old etcd the API server refuses streamed lists half-way, which kwok does not survive. */
function withOldEtcd(options: ClusterOptions): ClusterOptions {
  if (options.etcd !== 'old') return options;
  return { ...options, featureGates: { WatchList: false, ...options.featureGates } };
}

async function startTestRegistry(
  state: ClusterState,
  address: string,
  ports: PortRange,
  progress: (line: string) => void,
): Promise<TestRegistry> {
  const programs = await findDebianPrograms(['docker-registry'], progress);
  return startRegistry(state, programs['docker-registry'], address, ports);
}

async function findNodePrograms(progress: (line: string) => void): Promise<NodePrograms> {
  const kubernetes = await findGoPrograms(KUBERNETES, ['kubelet', 'kube-proxy'], progress);
  const needed = [
    'containerd',
    'ctr',
    'runc',
    'iptables',
    'conntrack',
    'socat',
    'nsenter',
    'unshare',
    'ip',
    'gcc',
  ] as const;
  const debian = await findDebianPrograms(needed, progress, { cniPlugins: true });
  return { ...kubernetes, containerd: debian.containerd, ctr: debian.ctr };
}

async function findCoreDns(progress: (line: string) => void): Promise<string> {
  return (await findGoPrograms(COREDNS, ['coredns'], progress)).coredns;
}

/** Starts kwok with the first fake nodes, and not before. */
function fakeNodeMaker(parts: ControlPlaneParts): (nodes: readonly FakeNode[]) => Promise<void> {
  let kwok: Promise<ClusterProcess> | undefined;
  return async (nodes) => {
    if (nodes.length === 0) return;
    kwok ??= findGoPrograms(KWOK, ['kwok'], parts.progress).then((found) => startKwok(parts, found.kwok));
    await kwok;
    await createFakeNodes(parts, nodes);
  };
}

/** Pods cannot be created in a namespace before its service account is there. */
async function waitForServiceAccount(parts: ControlPlaneParts): Promise<void> {
  await waitUntil('the controllers have made the default service account', async () => {
    const text = await parts.kubectl(['get', 'serviceaccount', 'default', '--ignore-not-found', '-o', 'name']);
    return text.includes('default') ? true : undefined;
  });
}
