import { mkdtempSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../scripts/cluster/command.ts';
import { type InstalledMachine, installMachine } from '../../src/hardware/testing/install-machine.ts';
import * as machines from '../../src/hardware/testing/machines.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { skipWithoutNodes } from '../cluster/possible.ts';
import { PAUSE_IMAGE } from '../cluster/test-images.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { applyAgentRights, NAMESPACE, nodeMetadata, waitForLabels } from './agent-access.ts';
import { FakeDevicePlugin } from './device-plugin.fake.ts';

const IMAGE = 'flexinfer.test/flexinfer:agent-test';
const CARD = '0000:03:00.0';
const folder = mkdtempSync(join(tmpdir(), 'flexinfer-agent-node-'));

describe.skipIf(skipWithoutNodes())(
  'the agent as a DaemonSet from the image, on two real nodes with a built machine',
  () => {
    let cluster: Cluster;
    let machine: InstalledMachine;

    beforeAll(async () => {
      const archive = join(folder, 'image.tar');
      const script = join(import.meta.dirname, '../../scripts/image/main.ts');
      const build = command([process.execPath, script, '--name', IMAGE, '--output', archive]);
      cluster = await startCluster({ nodes: 2, registry: false });
      await build;
      // The card is built, the load of the processors is the machine's own.
      machine = await installMachine({ tree: { ...machines.rx7900.tree, '/proc/stat': '' } });
      await Promise.all([cluster.importImage(archive), applyAgentRights(cluster)]);
      await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(daemonSet(machine.options.hostRoot)));
    });

    afterAll(async () => {
      await cluster?.stop();
      await machine?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The address of the agent's pod on a node, once it is ready. */
    async function agentOn(node: string): Promise<string> {
      return waitUntil(
        `the agent on ${node} is ready`,
        async () => {
          const path = '{.items[0].status.podIP} {.items[0].status.containerStatuses[0].ready}';
          const query = ['get', 'pods', '-n', NAMESPACE, '--field-selector', `spec.nodeName=${node}`];
          const [address, ready] = (await cluster.kubectl([...query, '-o', `jsonpath=${path}`])).split(' ');
          return ready === 'true' && address !== undefined ? `http://${address}:9100` : undefined;
        },
        { timeoutMs: 120_000 },
      );
    }

    it('labels both nodes with what is there and what each offers, by the tokens that the kubelet gave it', async () => {
      for (const { name } of cluster.nodes) {
        const labels = await waitForLabels(cluster, name, (each) => 'flexinfer.ai/gpu.vendor' in each);

        expect(labels).toMatchObject({
          'kubernetes.io/hostname': name,
          'flexinfer.ai/gpu.vendor': 'AMD',
          'flexinfer.ai/gpu.arch': 'gfx1100',
          'flexinfer.ai/device-class': 'amd.radeon-rx-7900-xtx.gfx1100.23g',
        });
        expect((await nodeMetadata(cluster, name)).annotations['flexinfer.ai/feature-labels']).toContain('gpu.vendor');
      }
    });

    it('shows the processor at work', async () => {
      const base = await agentOn(cluster.nodes[0]?.name ?? '');
      const used = await waitUntil('two looks have been taken', async () => {
        const text = await (await fetch(`${base}/metrics`)).text();
        return /^flexinfer_cpu_utilization_ratio\{node="[^"]+"\} ([0-9.e-]+)$/m.exec(text)?.[1];
      });

      expect(Number(used)).toBeGreaterThan(0);
      expect(Number(used)).toBeLessThanOrEqual(1);
    });

    it('prepares the cache for the pods of all namespaces, with no capability', async () => {
      const [node] = cluster.nodes;
      const path = `/proc/${node?.kubelet.pid}/root/var/lib/flexinfer/models`;
      const rights = await waitUntil('the cache is prepared', async () => {
        const { gid, mode } = await stat(path);
        return gid === 65_532 ? mode & 0o7777 : undefined;
      });

      expect(rights.toString(8)).toBe('2775');
      const base = await agentOn(node?.name ?? '');
      const text = await waitUntil('the pods of models are known', async () => {
        const metrics = await (await fetch(`${base}/metrics`)).text();
        return metrics.includes('flexinfer_model_cache_models{') ? metrics : undefined;
      });
      expect(text).toContain('flexinfer_model_cache_models{node="' + (node?.name ?? '') + '"} 0');
    });

    it('tells which pod has a device, as the real kubelet says', async () => {
      const [node] = cluster.nodes;
      const name = node?.name ?? '';
      const base = await agentOn(name);
      const podsOf = async () => {
        const answer = (await (await fetch(`${base}/readings`)).json()) as {
          readonly devices: readonly { readonly pods?: readonly object[] }[];
        };
        return answer.devices[0]?.pods;
      };
      const idle = await waitUntil('the kubelet has been asked', podsOf);
      const plugins = `/proc/${node?.kubelet.pid}/root/var/lib/kubelet/device-plugins`;
      await using plugin = await FakeDevicePlugin.register(plugins, 'amd.com/gpu', [CARD]);
      const container = {
        name: 'engine',
        image: PAUSE_IMAGE,
        imagePullPolicy: 'Never',
        resources: { limits: { 'amd.com/gpu': '1' } },
      };
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'llama' },
        spec: { nodeName: name, containers: [container] },
      };
      await waitUntil('the device is on offer', async () => {
        const query = ['get', 'node', name, '-o', 'jsonpath={.status.allocatable.amd\\.com/gpu}'];
        return (await cluster.kubectl(query)) === '1' ? true : undefined;
      });
      await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(pod));

      const busy = await waitUntil('the pod has the device', async () => {
        const pods = await podsOf();
        return pods !== undefined && pods.length > 0 ? pods : undefined;
      });

      expect(plugin).toBeDefined();
      expect(idle).toEqual([]);
      expect(busy).toEqual([{ namespace: 'default', name: 'llama', container: 'engine' }]);
    });

    it('leaves the labels when it is taken away', async () => {
      const name = cluster.nodes[0]?.name ?? '';
      const before = (await nodeMetadata(cluster, name)).labels;

      await cluster.kubectl(['delete', 'daemonset', 'flexinfer-agent', '-n', NAMESPACE, '--timeout=60s']);

      expect((await nodeMetadata(cluster, name)).labels).toEqual(before);
    });
  },
);

/** The user is root for the kubelet's socket alone; it has no capability, and changes the cache's group as a member of it. */
function daemonSet(hostRoot: string): object {
  const labels = { 'app.kubernetes.io/name': 'flexinfer', 'app.kubernetes.io/component': 'agent' };
  const container = {
    name: 'agent',
    image: IMAGE,
    imagePullPolicy: 'Never',
    command: ['/usr/local/bin/flexinfer-agent'],
    args: ['--interval', '5s', '--host-root', '/host', '--pod-resources', '/pod-resources/kubelet.sock'],
    env: [
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'MODEL_CACHE_PATH', value: '/models' },
    ],
    readinessProbe: { httpGet: { path: '/readyz', port: 9100 }, periodSeconds: 1 },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'machine', mountPath: '/host', readOnly: true },
      { name: 'stat', mountPath: '/host/proc/stat', readOnly: true },
      { name: 'pod-resources', mountPath: '/pod-resources', readOnly: true },
      { name: 'cache', mountPath: '/models' },
    ],
  };
  const host = (name: string, path: string, type = 'Directory') => ({ name, hostPath: { path, type } });
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'flexinfer-agent', namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'flexinfer-agent',
          securityContext: { runAsUser: 0, supplementalGroups: [65_532], seccompProfile: { type: 'RuntimeDefault' } },
          terminationGracePeriodSeconds: 10,
          containers: [container],
          volumes: [
            host('machine', hostRoot),
            host('stat', '/proc/stat', 'File'),
            host('pod-resources', '/var/lib/kubelet/pod-resources'),
            host('cache', '/var/lib/flexinfer/models', 'DirectoryOrCreate'),
          ],
        },
      },
    },
  };
}
