import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedCredentials } from '../../src/kube/config/cluster-connection.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { connect } from '../kube/connect.ts';
import { applyAgentRights, boundToken, createBareNode, nodeMetadata, requestToken } from './agent-access.ts';

const signal = AbortSignal.timeout(600_000);
const OWN_NODE = /may change only its own node/;
const OWN_LABELS = /may set labels under its own prefix only/;

describe("what the API server lets an agent's token do", () => {
  let plane: ControlPlane;
  let admin: KubeClient;
  let agent: KubeClient;
  let unbound: KubeClient;

  beforeAll(async () => {
    plane = await startControlPlane();
    await applyAgentRights(plane);
    const labels = { 'example.com/rack': 'r1', 'kubernetes.io/os': 'linux', 'nvidia.com/gpu.product': 'H100' };
    await createBareNode(plane, 'own', { labels });
    await createBareNode(plane, 'other', { labels });
    admin = await connect(plane);
    const clientWith = async (token: string) => connect(plane, { credentials: fixedCredentials({ token }) });
    agent = await clientWith(await boundToken(plane, 'own'));
    unbound = await clientWith(await requestToken(plane));
    // A new policy takes a moment to be evaluated.
    await waitUntil('the policy is in force', () =>
      patch(unbound, 'own', { metadata: { labels: { 'flexinfer.ai/gpu.vendor': 'x' } } }).then(
        () => undefined,
        () => true,
      ),
    );
  });

  afterAll(async () => {
    await Promise.all([admin, agent, unbound].map((client) => client?.close()));
    await plane?.stop();
  });

  function patch(client: KubeClient, name: string, body: object, subresource?: string): Promise<unknown> {
    return client.mergePatch(builtin.nodes, { name }, body, { signal, ...(subresource && { subresource }) });
  }

  it('labels its own node, and takes the label away again', async () => {
    await patch(agent, 'own', { metadata: { labels: { 'flexinfer.ai/gpu.vendor': 'NVIDIA' } } });
    await patch(agent, 'own', { metadata: { labels: { 'flexinfer.ai/gpu.vendor': null } } });
    await patch(agent, 'own', { metadata: { annotations: { 'flexinfer.ai/feature-labels': '' } } });

    expect((await nodeMetadata(plane, 'own')).labels).not.toHaveProperty('flexinfer.ai/gpu.vendor');
  });

  it('is not in the way of anybody else', async () => {
    await patch(admin, 'other', { metadata: { labels: { 'example.com/rack': 'r2' } } });

    expect((await nodeMetadata(plane, 'other')).labels).toMatchObject({ 'example.com/rack': 'r2' });
  });

  it('is refused on another node', async () => {
    await expect(patch(agent, 'other', { metadata: { labels: { 'flexinfer.ai/gpu.vendor': 'x' } } })).rejects.toThrow(
      OWN_NODE,
    );
  });

  it('is refused with a token that is bound to nothing', async () => {
    await expect(patch(unbound, 'own', { metadata: { labels: { 'flexinfer.ai/gpu.vendor': 'x' } } })).rejects.toThrow(
      OWN_NODE,
    );
  });

  it.each([
    ['a foreign label', { metadata: { labels: { 'example.com/rack': 'r9' } } }, OWN_LABELS],
    ['a new label of nobody', { metadata: { labels: { plain: 'x' } } }, OWN_LABELS],
    ['a label of a similar prefix', { metadata: { labels: { 'flexinfer.ai.example.com/x': 'x' } } }, OWN_LABELS],
    ['the removal of a foreign label', { metadata: { labels: { 'example.com/rack': null } } }, /may remove labels/],
    ['a foreign annotation', { metadata: { annotations: { 'example.com/x': 'y' } } }, /may change annotations/],
    ['a taint', { spec: { taints: [{ key: 'x', effect: 'NoExecute' }] } }, /may change nothing of a node but/],
    ['a cordon', { spec: { unschedulable: true } }, /may change nothing of a node but/],
    ['a finalizer', { metadata: { finalizers: ['example.com/stay'] } }, /may change nothing of a node but/],
  ])('is refused %s', async (_, body, message) => {
    await expect(patch(agent, 'own', body)).rejects.toThrow(message);
  });

  it('removes labels of an earlier prefix that it listed as its own, and no others', async () => {
    const key = 'old.example.com/gpu.vendor';
    const annotations = {
      'flexinfer.ai/feature-labels': `${key},example.com/rack,kubernetes.io/os,nvidia.com/gpu.product`,
    };
    await patch(admin, 'own', { metadata: { labels: { [key]: 'AMD' }, annotations } });

    await patch(agent, 'own', { metadata: { labels: { [key]: null } } });

    expect((await nodeMetadata(plane, 'own')).labels).not.toHaveProperty(key);
    for (const foreign of ['example.com/rack', 'kubernetes.io/os', 'nvidia.com/gpu.product']) {
      await expect(patch(agent, 'own', { metadata: { labels: { [foreign]: null } } })).rejects.toThrow(/may remove/);
    }
  });

  it('may neither touch the status nor delete or create a node: it has no such right', async () => {
    const other = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'third' } };

    await expect(patch(agent, 'own', { status: { phase: 'x' } }, 'status')).rejects.toMatchObject({ code: 403 });
    await expect(agent.delete(builtin.nodes, { name: 'own' }, { signal })).rejects.toMatchObject({ code: 403 });
    await expect(agent.create(builtin.nodes, other, { signal })).rejects.toMatchObject({ code: 403 });
    await expect(agent.list(builtin.nodes, { signal })).rejects.toMatchObject({ code: 403 });
  });
});
