import { Agent } from 'node:https';
import { apiRequest } from './api-request.ts';
import { ClusterProcess } from './cluster-process.ts';
import type { ControlPlaneParts } from './control-plane.ts';
import { waitUntil } from './wait-until.ts';

/**
 * A node that exists only as an object: kwok keeps it Ready and pretends that its pods run. They never answer, and pods
 * of Jobs succeed at once, whatever they were to do.
 */
export interface FakeNode {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** What pods may ask for, as `{ cpu: '8', 'nvidia.com/gpu': '4' }`; 32 CPU, 256Gi and 110 pods unless said otherwise. */
  readonly allocatable?: Readonly<Record<string, string>>;
}

const FAKE = 'kwok.x-k8s.io/node';
const ALLOCATABLE = { cpu: '32', memory: '256Gi', pods: '110' };

/** Starts kwok, which looks after every node with the annotation of a fake one. */
export async function startKwok(parts: ControlPlaneParts, program: string): Promise<ClusterProcess> {
  const kwok = new ClusterProcess(parts.state, {
    name: 'kwok',
    argv: [
      program,
      `--kubeconfig=${parts.kubeconfigPath}`,
      `--manage-nodes-with-annotation-selector=${FAKE}=fake`,
      '--node-lease-duration-seconds=40',
    ],
  });
  await kwok.start();
  return kwok;
}

/** Creates fake nodes and waits until all of them are Ready. */
export async function createFakeNodes(parts: ControlPlaneParts, nodes: readonly FakeNode[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  try {
    await Promise.all(
      nodes.map(async (node) => {
        const body = JSON.stringify(nodeObject(node));
        const answer = await apiRequest(parts.admin, '/api/v1/nodes', { method: 'POST', body, agent });
        if (answer.status !== 201) throw new Error(`cannot create fake node ${node.name}: ${answer.body}`);
      }),
    );
  } finally {
    agent.destroy();
  }
  const wanted = new Set(nodes.map((node) => node.name));
  await waitUntil(
    'the fake nodes are Ready',
    async () => {
      const ready = await readyNodes(parts);
      return [...wanted].every((name) => ready.has(name)) ? true : undefined;
    },
    { everyMs: 250 },
  );
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

/** The names of all nodes that are Ready, fake or real. */
async function readyNodes(parts: ControlPlaneParts): Promise<ReadonlySet<string>> {
  const { items } = JSON.parse((await apiRequest(parts.admin, '/api/v1/nodes')).body) as NodeList;
  const ready = items.filter((node) =>
    node.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
  );
  return new Set(ready.map((node) => node.metadata.name));
}

function nodeObject(node: FakeNode): unknown {
  const allocatable = { ...ALLOCATABLE, ...node.allocatable };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: { 'kubernetes.io/hostname': node.name, 'kubernetes.io/os': 'linux', type: 'kwok', ...node.labels },
      annotations: { [FAKE]: 'fake', ...node.annotations },
    },
    spec: { taints: node.taints ?? [] },
    status: { allocatable, capacity: allocatable },
  };
}
