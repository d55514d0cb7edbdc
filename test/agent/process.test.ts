import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type InstalledMachine, installMachine } from '../../src/hardware/testing/install-machine.ts';
import * as machines from '../../src/hardware/testing/machines.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { AgentProcess } from './agent-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'flexinfer-agent-process-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function finished(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  await using agent = new AgentProcess(args);
  const code = await agent.ended();
  return { code, stdout: agent.stdout, stderr: agent.stderr };
}

describe('wrong flags', () => {
  it.each([
    ['55: an empty prefix', ['--label-prefix', ''], /--label-prefix "" is empty/],
    ['55: a prefix without a slash', ['--label-prefix', 'flexinfer.ai'], /does not end with a slash/],
    ['55: a prefix in upper case', ['--label-prefix', 'FlexInfer.ai/'], /has upper-case letters/],
    ['55: a reserved prefix', ['--label-prefix', 'node.kubernetes.io/'], /is reserved for Kubernetes/],
    ['56: an interval of 0', ['--interval', '0'], /under the minimum of 5s/],
    ['56: a negative interval', ['--interval=-5s'], /is not a duration/],
    ['56: an interval without a unit', ['--interval', '30'], /is not a duration/],
    ['56: an interval under the floor', ['--interval', '1ms'], /under the minimum of 5s/],
    ['a port that is none', ['--metrics-port', '99999'], /is not a port/],
    ['a format that is none', ['--output', 'xml'], /is none of table, json, yaml/],
    ['a flag that is none', ['--fast'], /unknown option '--fast'/],
    ['no node to label', ['--metrics-port', '0'], /does not know which Node it is on/],
    ['a kubeconfig that is not there', ['--node-name', 'n', '--kubeconfig', '/nonexistent'], /nonexistent/],
  ])('%s: refused with one line and exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await finished(...args);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error\[USAGE\]: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  it('a table of architectures that is none: refused as an invalid file', async () => {
    const { code, stderr } = await finished('--architectures', join(folder, 'none.json'));

    expect(code).toBe(2);
    expect(stderr).toMatch(/^error\[INVALID_FILE\]: --architectures .*ENOENT[^\n]*\n$/);
  });
});

describe('a look at a machine, once', () => {
  it('prints labels, devices and problems, and ends with 0', async () => {
    await using machine = await installMachine(machines.oneH100);
    const { hostRoot, nvidiaSmi } = machine.options;
    const flags = ['--once', '--dry-run', '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi];

    const json = await finished(...flags, '--output', 'json');
    const yaml = await finished(...flags, '--output', 'yaml');
    const table = await finished(...flags);

    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      labels: { 'flexinfer.ai/gpu.vendor': 'NVIDIA' },
      devices: [{ index: 0, product: 'NVIDIA H100 80GB HBM3' }],
      problems: [],
    });
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    expect(table.stdout).toMatch(/^flexinfer\.ai\/gpu\.vram +79Gi$/m);
  });

  it('takes a missing tool for a problem and not for an error', async () => {
    await using machine = await installMachine({ tree: machines.oneH100.tree });
    const { hostRoot, nvidiaSmi } = machine.options;

    const result = await finished('--once', '--output', 'json', '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi);

    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ problems: [{ source: 'nvidia', reason: 'tool_absent' }] });
  });

  it('11: ends although the tool hangs for ever', async () => {
    await using machine = await installMachine({
      ...machines.oneH100,
      smi: { devices: [machines.h100Device], faults: { hang: true } },
    });
    const { hostRoot, nvidiaSmi } = machine.options;

    const result = await finished('--once', '--output', 'json', '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi);

    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ problems: [{ source: 'nvidia', reason: 'timeout' }] });
  });
});

describe('a running agent', () => {
  let machine: InstalledMachine;
  const others: Server[] = [];

  beforeEach(async () => {
    machine = await installMachine(machines.oneH100);
  });

  afterEach(async () => {
    for (const server of others.splice(0)) await new Promise((resolve) => server.close(resolve));
    await machine[Symbol.asyncDispose]();
  });

  function start(...more: readonly string[]): AgentProcess {
    const { hostRoot, nvidiaSmi } = machine.options;
    const flags = ['--dry-run', '--interval', '5s', '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi];
    return new AgentProcess([...flags, '--metrics-port', '0', ...more], { NODE_NAME: '' });
  }

  it('serves what it knows, and starts nothing for it', async () => {
    await using agent = start('--interval', '10m');
    const base = `http://127.0.0.1:${await agent.port()}`;
    await waitUntil('the first look has ended', async () => ((await fetch(`${base}/readyz`)).ok ? true : undefined));
    const before = await machine.calls();

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => fetch(`${base}${index % 2 === 0 ? '/metrics' : '/readings'}`)),
    );

    const [metrics, readings] = await Promise.all(answers.slice(0, 2).map((answer) => answer.text()));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(metrics).toMatch(/^flexinfer_gpu_temperature_celsius\{gpu="0",node="[^"]+"\} 36$/m);
    expect(JSON.parse(readings ?? '')).toMatchObject({ version: 1, devices: [{ gpu: 0, powerWatts: 125.31 }] });
    expect(await machine.calls()).toEqual(before);
  });

  it('62: told to stop in the middle of a look, kills the tool and ends cleanly', async () => {
    await machine.replan({ devices: [machines.h100Device], faults: { hang: true } });
    await using agent = start();
    await agent.logged('the agent has started');
    const pid = await waitUntil('the tool runs', async () => (await machine.calls())[0]?.pid);

    agent.signal('SIGTERM');
    await waitUntil('the agent has ended', () => (agent.running ? undefined : true), { timeoutMs: 5000 });

    expect(await agent.ended()).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('63: says that its port is taken', async () => {
    const other = createServer();
    others.push(other);
    await new Promise<void>((resolve) => {
      other.listen(0, '0.0.0.0', resolve);
    });
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using agent = start('--metrics-port', String(port));

    expect(await agent.ended()).toBe(1);
    expect(agent.stderr).toContain(`error[PORT_IN_USE]: port ${port} is taken by another program`);
  });

  it('64: sees a driver that is installed while it runs', async () => {
    await machine.replan({ devices: [], faults: { exitCode: 9, stdout: 'no driver\n' } });
    await using agent = start();
    const base = `http://127.0.0.1:${await agent.port()}`;
    await agent.logged('hardware problem', 'driver_not_loaded');
    await machine.replan({ devices: [machines.h100Device] });

    await agent.logged('hardware problem is gone', 'driver_not_loaded');

    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/state="usable"\} 1/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
