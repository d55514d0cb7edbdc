import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../scripts/cluster/command.ts';
import { findDebianPrograms } from '../../scripts/cluster/programs.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { skipWithoutNodes } from './possible.ts';
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

describe.skipIf(skipWithoutNodes())('a cluster with two real nodes and fake ones beside them', () => {
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

  it('lets a pod reach the API server, and a pod of the other node through the name of a Service', async () => {
    const serve = 'mkdir /tmp/w; echo hello > /tmp/w/index.html; exec httpd -f -p 8000 -h /tmp/w';
    await cluster.kubectl(['apply', '-f', '-'], pod('server', serve, { nodeName: await nodeName(0) }));
    await cluster.kubectl(['expose', 'pod', 'server', '--port=8000']);
    await cluster.kubectl(['wait', 'pod/server', '--for=condition=Ready', '--timeout=60s']);
    const ask = [
      'until wget -q -O - http://server.default.svc.cluster.local:8000/; do sleep 0.2; done',
      'nc -w 2 10.96.0.1 443 < /dev/null && echo API server reached',
    ].join('; ');

    await cluster.kubectl(['apply', '-f', '-'], pod('client', ask, { nodeName: await nodeName(1) }));

    expect(await succeeded('client')).toBe('hello\nAPI server reached\n');
  });

  it('runs commands in a pod and shows its output', async () => {
    const answer = await cluster.kubectl(['exec', 'server', '--', 'hostname']);

    expect(answer).toBe('server\n');
  });

  // How much slower depends on what else the machine does, so this looks at the limit and at who is under it.
  it('has a second node that offers less CPU, and whose pods share half a core', async () => {
    const name = await nodeName(1);
    const group = '/sys/fs/cgroup';
    const quota = `cat ${group}/cpu/${name}/cpu.cfs_quota_us 2> /dev/null || cat ${group}/${name}/cpu.max`;
    const allocatable = await cluster.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].status.allocatable.cpu}']);
    await cluster.kubectl(['apply', '-f', '-'], pod('worker', 'cat /proc/self/cgroup', { nodeName: name }));

    const groups = await succeeded('worker');

    expect(allocatable).toContain('1500m');
    expect(await cluster.nodes[1]?.exec(['sh', '-c', quota])).toMatch(/^50000\b/);
    expect(groups).toMatch(new RegExp(`\\bcpu:/${name}/kubepods/|^0::/${name}/kubepods/`, 'm'));
  });

  it('pulls an image from the registry beside it', async () => {
    const host = cluster.registry?.host ?? '';
    const { skopeo } = await findDebianPrograms(['skopeo'], () => undefined);
    const target = `docker://${host}/tools:1`;
    const archive = `oci-archive:${await busyboxImageArchive()}`;
    await command([skopeo, 'copy', '--insecure-policy', '--dest-tls-verify=false', archive, target]);

    const plan = pod('from-registry', 'echo pulled', { nodeName: await nodeName(1) });
    const pulled = plan
      .replace(BUSYBOX_IMAGE, `${host}/tools:1`)
      .replace('"imagePullPolicy":"Never"', '"imagePullPolicy":"Always"');
    await cluster.kubectl(['apply', '-f', '-'], pulled);

    expect(await succeeded('from-registry')).toBe('pulled\n');
  });

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
