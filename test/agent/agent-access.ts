import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { apiRequest } from '../cluster/api-request.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';

export const NAMESPACE = 'flexinfer-system';
const TEMPLATES = join(import.meta.dirname, '../../charts/flexinfer/templates');

/** Puts the agent's rights and the policy about them into a cluster. */
export async function applyAgentRights(plane: ControlPlane): Promise<void> {
  await post(plane, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const file of ['agent-rbac.yaml', 'agent-admission-policy.yaml']) {
    await plane.kubectl(['apply', '-f', '-'], readFileSync(join(TEMPLATES, file), 'utf8'));
  }
}

/** A Node that exists only as an object: nobody keeps it alive, and no pod runs on it. */
export async function createBareNode(
  plane: ControlPlane,
  name: string,
  metadata: { readonly labels?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const status = { allocatable: { cpu: '7500m' }, capacity: { cpu: '8' } };
  await post(plane, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata }, status });
}

/** A token of the agent's service account, bound to a pod on `node`, as the kubelet would mount it. */
export async function boundToken(plane: ControlPlane, node: string): Promise<string> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `agent-${node}`, namespace: NAMESPACE },
    spec: {
      serviceAccountName: 'flexinfer-agent',
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'agent', image: 'flexinfer.test/pause:1', imagePullPolicy: 'Never' }],
    },
  };
  const created = await post(plane, `/api/v1/namespaces/${NAMESPACE}/pods`, pod);
  const { uid } = (created as { readonly metadata: { readonly uid: string } }).metadata;
  return requestToken(plane, { kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid });
}

/** A token of the agent's service account; without an object it is bound to nothing. */
export async function requestToken(plane: ControlPlane, boundObjectRef?: object): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/flexinfer-agent/token`;
  const answer = await post(plane, path, body);
  return (answer as { readonly status: { readonly token: string } }).status.token;
}

/** Writes a kubeconfig with a bearer token. */
export function writeTokenKubeconfig(plane: ControlPlane, path: string, token: string): string {
  const authority = Buffer.from(plane.admin.ca).toString('base64');
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: plane.admin.server, 'certificate-authority-data': authority } }],
    users: [{ name: 'agent', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
    'current-context': 'test',
  });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

export interface NodeMetadata {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
}

export async function nodeMetadata(plane: ControlPlane, name: string): Promise<NodeMetadata> {
  const answer = await apiRequest(plane.admin, `/api/v1/nodes/${name}`);
  const { metadata } = JSON.parse(answer.body) as { readonly metadata: Partial<NodeMetadata> };
  return { labels: {}, annotations: {}, resourceVersion: '', ...metadata };
}

/** Waits until the labels of a Node below a prefix are what they should be. */
export async function waitForLabels(
  plane: ControlPlane,
  node: string,
  right: (labels: Readonly<Record<string, string>>) => boolean,
): Promise<Readonly<Record<string, string>>> {
  let last = {};
  return waitUntil(
    () => `node ${node} has the labels wanted, and not ${JSON.stringify(last)}`,
    async () => {
      const { labels } = await nodeMetadata(plane, node);
      last = labels;
      return right(labels) ? labels : undefined;
    },
    { timeoutMs: 90_000 },
  );
}

async function post(plane: ControlPlane, path: string, body: object): Promise<unknown> {
  const answer = await apiRequest(plane.admin, path, { method: 'POST', body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as unknown;
}
