import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeLabeller } from '../../src/agent/labels/node-labeller.ts';
import type { Inventory } from '../../src/hardware/inventory.ts';
import { probeHardware } from '../../src/hardware/probe-hardware.ts';
import { installMachine } from '../../src/hardware/testing/install-machine.ts';
import * as machines from '../../src/hardware/testing/machines.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { apiRequest } from '../cluster/api-request.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { connect } from '../kube/connect.ts';

const NODES = 500;
const CYCLES = 5;

/** The labels of 500 nodes kept by as many labellers in this process; the Nodes are kwok's, the API server is real. */
describe(`${NODES} agents`, () => {
  let cluster: Cluster;
  let client: KubeClient;
  let inventory: Inventory;
  const signal = AbortSignal.timeout(1_200_000);
  const names = Array.from({ length: NODES }, (_, index) => `gpu-${String(index).padStart(3, '0')}`);

  beforeAll(async () => {
    cluster = await startCluster({
      scheduler: 'none',
      fakeNodes: names.map((name) => ({ name })),
      // Those that take new nodes in would be counted with the agents for a minute.
      controllerManagerArgs: ['--controllers=serviceaccount-controller'],
    });
    client = await connect(cluster);
    await using machine = await installMachine(machines.rx7900);
    inventory = await probeHardware(machine.options);
  });

  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  /** Requests about Node objects themselves, by verb, as the API server counted them. kwok writes their status only. */
  async function nodeRequests(): Promise<Readonly<Record<string, number>>> {
    const { body } = await apiRequest(cluster.admin, '/metrics');
    const counts: Record<string, number> = {};
    for (const line of body.split('\n')) {
      if (!line.startsWith('apiserver_request_total{') || !line.includes('resource="nodes"')) continue;
      if (!line.includes('subresource=""')) continue;
      const verb = /verb="([A-Z]+)"/.exec(line)?.[1] ?? '';
      counts[verb] = (counts[verb] ?? 0) + Number(line.slice(line.lastIndexOf(' ')));
    }
    return counts;
  }

  /** The counts once nobody has more to do with new nodes. */
  async function settled(): Promise<Readonly<Record<string, number>>> {
    let before: Readonly<Record<string, number>> = {};
    return waitUntil(
      'nobody asks for nodes any more',
      async () => {
        const now = await nodeRequests();
        const same = JSON.stringify(now) === JSON.stringify(before);
        before = now;
        return same ? now : undefined;
      },
      { everyMs: 2000, timeoutMs: 180_000 },
    );
  }

  it('write once each, and then nothing in steady state, counted at the API server', async () => {
    const written: string[] = [];
    const agents = names.map(
      (nodeName) =>
        new NodeLabeller({
          client,
          nodeName,
          prefix: 'flexinfer.ai/',
          on: { wrote: (result) => void written.push(result) },
        }),
    );
    const cycle = async (): Promise<void> => {
      await Promise.all(
        agents.map((agent) => {
          agent.offer({ seen: inventory, steady: inventory });
          return agent.attempt(signal);
        }),
      );
    };

    const start = await settled();
    await cycle();
    const labelled = await settled();
    for (let each = 0; each < CYCLES; each += 1) await cycle();
    const steady = await nodeRequests();

    // A Node whose status kwok wrote in between is read again.
    expect(written.filter((result) => result !== 'conflict')).toEqual(names.map(() => 'success'));
    expect((labelled['PATCH'] ?? 0) - (start['PATCH'] ?? 0)).toBe(written.length);
    expect(steady).toEqual(labelled);
    const labels = await cluster.kubectl(['get', 'nodes', '-l', 'flexinfer.ai/gpu.vendor=AMD', '-o', 'name']);
    expect(labels.trim().split('\n')).toHaveLength(NODES);
  });
});
