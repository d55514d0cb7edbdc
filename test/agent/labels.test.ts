import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InstalledMachine, installMachine } from '../../src/hardware/testing/install-machine.ts';
import * as machines from '../../src/hardware/testing/machines.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import {
  applyAgentRights,
  boundToken,
  createBareNode,
  nodeMetadata,
  waitForLabels,
  writeTokenKubeconfig,
} from './agent-access.ts';
import { AgentProcess } from './agent-process.ts';

const VENDOR = 'flexinfer.ai/gpu.vendor';

describe('two agents with the tokens of their pods, a real API server, and built machines', () => {
  let plane: ControlPlane;
  let nvidia: InstalledMachine;
  let amd: InstalledMachine;
  const folder = mkdtempSync(join(tmpdir(), 'flexinfer-agents-'));

  beforeAll(async () => {
    plane = await startControlPlane();
    await applyAgentRights(plane);
    await createBareNode(plane, 'nvidia', { labels: { 'example.com/rack': 'r1', 'flexinfer.ai/gpu.fp8': 'mine' } });
    await createBareNode(plane, 'amd');
    nvidia = await installMachine(machines.oneH100);
    amd = await installMachine(machines.rx7900);
  });

  afterAll(async () => {
    await plane?.stop();
    await nvidia?.[Symbol.asyncDispose]();
    await amd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startAgent(node: string, machine: InstalledMachine, ...more: readonly string[]) {
    const kubeconfig = writeTokenKubeconfig(plane, join(folder, `${node}.kubeconfig`), await boundTokenOnce(node));
    const { hostRoot, nvidiaSmi } = machine.options;
    const flags = ['--kubeconfig', kubeconfig, '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi];
    return new AgentProcess([...flags, '--interval', '5s', '--metrics-port', '0', ...more], { NODE_NAME: node });
  }

  const tokens = new Map<string, Promise<string>>();
  function boundTokenOnce(node: string): Promise<string> {
    const token = tokens.get(node) ?? boundToken(plane, node);
    tokens.set(node, token);
    return token;
  }

  it('label their nodes, leave foreign labels alone, and take them away only when the device is really gone', async () => {
    await using first = await startAgent('nvidia', nvidia);
    await using second = await startAgent('amd', amd);

    const labels = await waitForLabels(plane, 'nvidia', (each) => VENDOR in each);
    const other = await waitForLabels(plane, 'amd', (each) => VENDOR in each);

    expect(labels).toMatchObject({
      'example.com/rack': 'r1',
      'flexinfer.ai/gpu.vendor': 'NVIDIA',
      'flexinfer.ai/gpu.vram': '79Gi',
      'flexinfer.ai/gpu.arch': 'sm_90',
      'flexinfer.ai/gpu.int4': 'true',
      'flexinfer.ai/cpu.avx512': 'true',
      'flexinfer.ai/device-class': 'nvidia.h100-80gb-hbm3.sm_90.79g',
      // Somebody else's, with a key that the agent would have written.
      'flexinfer.ai/gpu.fp8': 'mine',
    });
    expect(other).toMatchObject({ [VENDOR]: 'AMD', 'flexinfer.ai/device-class': 'amd.radeon-rx-7900-xtx.gfx1100.23g' });
    await first.logged('labels belong to somebody else', 'gpu.fp8');
    const metrics = await (await fetch(`http://127.0.0.1:${await first.port()}/metrics`)).text();
    expect(metrics).toContain('flexinfer_agent_label_conflicts_total{node="nvidia"} 1');
    expect(metrics).toContain('flexinfer_agent_label_writes_total{node="nvidia",result="success"} 1');
    expect(metrics).toContain('flexinfer_gpu_temperature_celsius{gpu="0",node="nvidia"} 36');
    await waitUntil('the conflict is told as an event', async () => {
      const events = await plane.kubectl(['get', 'events', '-n', 'default', '-o', 'jsonpath={.items[*].reason}']);
      return events.includes('LabelConflict') ? true : undefined;
    });

    // A driver that breaks: the look fails, again and again, and the labels stay.
    await nvidia.replan({
      devices: [],
      faults: { exitCode: 9, stdout: 'NVIDIA-SMI has failed because it could not communicate\n' },
    });
    const port = await first.port();
    await waitUntil('several looks have failed', async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const failures = /probe_errors_total\{[^}]*source="nvidia"[^}]*\} (\d+)/.exec(text)?.[1];
      return Number(failures) >= 4 && text.includes('probe_success{node="nvidia",source="nvidia"} 0')
        ? true
        : undefined;
    });
    const during = await nodeMetadata(plane, 'nvidia');
    expect(during.labels).toEqual(labels);

    // A card that is taken out: nothing happens at first, then every label of it goes at once.
    const before = await nodeMetadata(plane, 'amd');
    for (const each of ['bus/pci/devices', 'class/drm', 'class/kfd', 'devices/pci0000:00']) await empty(amd, each);
    const after = await waitForLabels(plane, 'amd', (each) => !(VENDOR in each));
    expect(Object.keys(after).filter((key) => key.includes('/gpu.'))).toEqual([]);
    expect(after['flexinfer.ai/device-class']).toBe('cpu.intel-xeon-processor.v4.7.5c');
    const looks = await (await fetch(`http://127.0.0.1:${await second.port()}/metrics`)).text();
    expect(looks).toContain('flexinfer_agent_label_writes_total{node="amd",result="success"} 2');
    expect(before.labels).toMatchObject({ [VENDOR]: 'AMD' });

    second.signal('SIGTERM');
    expect(await second.ended()).toBe(0);
    expect((await nodeMetadata(plane, 'amd')).labels).toEqual(after);
  });

  it('60: an agent whose token is for another node is refused, says so, and goes on living', async () => {
    const kubeconfig = writeTokenKubeconfig(plane, join(folder, 'wrong'), await boundTokenOnce('amd'));
    const before = await nodeMetadata(plane, 'nvidia');
    const flags = ['--kubeconfig', kubeconfig, '--host-root', amd.options.hostRoot, '--interval', '5s'];
    await using agent = new AgentProcess([...flags, '--metrics-port', '0', '--node-name', 'nvidia']);

    await agent.logged('labels not written', 'forbidden', 'may change only its own node');

    expect(agent.running).toBe(true);
    expect((await nodeMetadata(plane, 'nvidia')).labels).toEqual(before.labels);
    const port = await agent.port();
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('result="forbidden"} 1');
  });

  it('moves to another prefix and cleans up the former one', async () => {
    await using machine = await installMachine(machines.rx7900);
    const { hostRoot, nvidiaSmi } = machine.options;
    const flags = ['--once', '--output', 'json', '--kubeconfig', plane.kubeconfigPath, '--node-name', 'amd'];
    const look = [...flags, '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi];
    await using one = new AgentProcess(look);
    expect(await one.ended()).toBe(0);
    await using two = new AgentProcess([...look, '--label-prefix', 'gpus.example.com/']);

    expect(await two.ended()).toBe(0);

    const { labels, annotations } = await nodeMetadata(plane, 'amd');
    expect(Object.keys(labels).filter((key) => key.startsWith('flexinfer.ai/'))).toEqual([]);
    expect(labels).toMatchObject({ 'gpus.example.com/gpu.vendor': 'AMD' });
    expect(annotations['flexinfer.ai/feature-labels']).toContain('gpus.example.com/gpu.vendor');
  });

  it('60: says that there is no such node, and fails when asked to label it once', async () => {
    const flags = ['--once', '--output', 'json', '--kubeconfig', plane.kubeconfigPath, '--node-name', 'nowhere'];
    await using agent = new AgentProcess(flags);

    expect(await agent.ended()).toBe(1);
    expect(agent.stderr).toMatch(/^error\[UNREACHABLE\]: node nowhere was not labelled: .*not found.*\n$/);
    expect(JSON.parse(agent.stdout)).toMatchObject({ problems: [{ source: 'cluster', reason: 'not_labelled' }] });
  });
});

async function empty(machine: InstalledMachine, folder: string): Promise<void> {
  const path = join(machine.options.hostRoot, 'sys', folder);
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true });
}
