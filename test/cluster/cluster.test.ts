import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { BUSYBOX_IMAGE, busyboxImageArchive } from './test-images.ts';
import { findTraces, foreignFirewallChains, kernelSettings, NO_TRACES } from './traces.ts';
import { waitUntil } from './wait-until.ts';

/** A pod of the busybox image, on a node chosen by hand. */
function pod(name: string, script: string, spec: Readonly<Record<string, unknown>> = {}): string {
  const container = { name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', args: [script] };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, ...spec, containers: [container] },
  });
}

describe('a cluster with two real nodes and fake ones beside them', () => {
  let cluster: Cluster;
  const settingsBefore = kernelSettings();

  beforeAll(async () => {
    const started = Date.now();
    cluster = await startCluster({
      nodes: 2,
      fakeNodes: [
        {
          name: 'fake-gpu',
          labels: { 'flexinfer.ai/gpu.vendor': 'NVIDIA' },
          taints: [{ key: 'fake', effect: 'NoSchedule' }],
          allocatable: { 'nvidia.com/gpu': '4' },
        },
      ],
      progress: (line) => console.log(line),
    });
    console.log(`two-node cluster up in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    await cluster.importImage(await busyboxImageArchive());
  });

  afterAll(async () => {
    await cluster.stop();
  });

  async function succeeded(name: string): Promise<string> {
    await waitUntil(`pod ${name} ends`, async () => {
      const phase = await cluster.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.phase}']);
      if (phase === 'Failed') throw new Error(await cluster.kubectl(['logs', name]));
      return phase === 'Succeeded' ? true : undefined;
    });
    return cluster.kubectl(['logs', name]);
  }

  async function nodeName(index: number): Promise<string> {
    const node = cluster.nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node.name;
  }

  it('lets a pod reach the API server, and a pod of the other node through a Service', async () => {
    const serve = 'mkdir /tmp/w; echo hello > /tmp/w/index.html; exec httpd -f -p 8000 -h /tmp/w';
    await cluster.kubectl(['apply', '-f', '-'], pod('server', serve, { nodeName: await nodeName(0) }));
    await cluster.kubectl(['expose', 'pod', 'server', '--port=8000']);
    await cluster.kubectl(['wait', 'pod/server', '--for=condition=Ready', '--timeout=60s']);
    const address = await cluster.kubectl(['get', 'service', 'server', '-o', 'jsonpath={.spec.clusterIP}']);
    const ask = [
      `until wget -q -O - http://${address}:8000/; do sleep 0.2; done`,
      'nc -w 2 10.96.0.1 443 < /dev/null && echo API server reached',
    ].join('; ');

    await cluster.kubectl(['apply', '-f', '-'], pod('client', ask, { nodeName: await nodeName(1) }));

    expect(await succeeded('client')).toBe('hello\nAPI server reached\n');
  });

  it('runs commands in a pod and shows its output', async () => {
    const answer = await cluster.kubectl(['exec', 'server', '--', 'hostname']);

    expect(answer).toBe('server\n');
  });

  it('has a second node that offers less CPU and really is slower', async () => {
    const work = 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done';
    const allocatable = await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].status.allocatable.cpu}']);
    await cluster.kubectl(['apply', '-f', '-'], pod('worker', work, { nodeName: await nodeName(1) }));

    await succeeded('worker');

    expect(allocatable).toContain('1500m');
    const throttled = Number(/nr_throttled (\d+)/.exec(await cpuStatistics())?.[1]);
    expect(throttled).toBeGreaterThan(0);
  });

  async function cpuStatistics(): Promise<string> {
    const name = await nodeName(1);
    const script = `cat /sys/fs/cgroup/cpu/${name}/cpu.stat /sys/fs/cgroup/${name}/cpu.stat 2> /dev/null || true`;
    return cluster.nodes[1]?.exec(['sh', '-c', script]) ?? '';
  }

  it('schedules a pod onto the only node that offers a GPU, although nothing runs there', async () => {
    const spec = { tolerations: [{ key: 'fake', operator: 'Exists' }] };
    const plan = JSON.parse(pod('gpu-pod', 'sleep 1', spec)) as { spec: { containers: { resources?: unknown }[] } };
    for (const container of plan.spec.containers) container.resources = { limits: { 'nvidia.com/gpu': '4' } };

    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(plan));

    const bound = await waitUntil('the pod is bound', async () => {
      const node = await cluster.kubectl(['get', 'pod', 'gpu-pod', '-o', 'jsonpath={.spec.nodeName}']);
      return node === '' ? undefined : node;
    });
    expect(bound).toBe('fake-gpu');
  });

  it('gives each node folders of its own below /var, as two machines have', async () => {
    const [first, second] = cluster.nodes;
    await first?.exec(['touch', '/var/lib/only-here']);

    const there = await second?.exec(['sh', '-c', 'ls /var/lib']);

    expect(there).not.toContain('only-here');
  });

  it('changes neither the firewall nor the settings of the machine', async () => {
    const chains = await foreignFirewallChains();

    expect(chains).toEqual([]);
    expect(kernelSettings()).toEqual(settingsBefore);
  });

  it('leaves nothing behind: no process, link, route, cgroup, mount or folder', async () => {
    const during = await findTraces(cluster.id);
    await cluster.stop();

    const after = await findTraces(cluster.id);

    expect(Object.entries(during).filter(([, found]) => found.length === 0)).toEqual([]);
    expect(after).toEqual(NO_TRACES);
  });
});
