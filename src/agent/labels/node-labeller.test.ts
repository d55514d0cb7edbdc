import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GpuDevice, Inventory } from '../../hardware/inventory.ts';
import { answer, type Behaviour, FakeApiServer, hangUp, status } from '../../kube/rest/api-server.fake.ts';
import { KubeClient } from '../../kube/rest/kube-client.ts';
import { ManualClock } from '../../kube/time/manual-clock.fake.ts';
import { type LabellerOptions, NodeLabeller } from './node-labeller.ts';

const VENDOR = 'flexinfer.ai/gpu.vendor';
const radeon: GpuDevice = {
  index: 0,
  vendor: 'AMD',
  pciAddress: '0000:03:00.0',
  pciDeviceId: '744c',
  arch: 'gfx1100',
  vramMiB: 24_560,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: {},
};

function inventory(...gpus: readonly GpuDevice[]): Inventory {
  return {
    cpu: { model: 'x', architecture: 'x86-64', level: 'v3', avx512: false, allocatableCores: 4, logicalCpus: 4 },
    memory: { totalMiB: 1, availableMiB: 1 },
    gpus,
    problems: [],
  };
}

type Changes = Readonly<Record<string, string | null>>;

/** A Node behind a fake API server, which keeps labels and annotations as the real one would. */
class FakeNode {
  labels: Record<string, string> = {};
  annotations: Record<string, string> = {};
  version = 1;

  get object() {
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n',
        uid: 'n',
        resourceVersion: String(this.version),
        labels: { ...this.labels },
        annotations: { ...this.annotations },
      },
      status: { allocatable: { cpu: '3500m' } },
    };
  }

  readonly read: Behaviour = (request, response) => answer(200, this.object)(request, response);

  readonly write: Behaviour = (request, response) => {
    const { metadata } = JSON.parse(request.body) as {
      metadata: { resourceVersion?: string; labels?: Changes; annotations?: Changes };
    };
    if (metadata.resourceVersion !== String(this.version)) {
      return status(409, 'Conflict')(request, response);
    }
    this.version += 1;
    for (const [field, target] of [
      ['labels', this.labels],
      ['annotations', this.annotations],
    ] as const) {
      for (const [key, value] of Object.entries(metadata[field] ?? {})) {
        if (value === null) delete target[key];
        else target[key] = value;
      }
    }
    return answer(200, this.object)(request, response);
  };
}

describe('NodeLabeller', () => {
  let server: FakeApiServer;
  let client: KubeClient;
  let clock: ManualClock;
  let node: FakeNode;
  let results: string[];
  const signal = AbortSignal.timeout(60_000);

  beforeEach(async () => {
    server = await FakeApiServer.start();
    clock = new ManualClock();
    client = new KubeClient({ connection: server.connection, clock, random: () => 0.5, rateLimit: false });
    node = new FakeNode();
    results = [];
  });

  afterEach(async () => {
    assert.deepEqual(server.unexpected, []);
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  function labeller(options: Partial<LabellerOptions> = {}): NodeLabeller {
    const on = { wrote: (result: string) => void results.push(result), ...options.on };
    return new NodeLabeller({ client, nodeName: 'n', prefix: 'flexinfer.ai/', ...options, on });
  }

  const look = (...gpus: readonly GpuDevice[]) => ({ seen: inventory(...gpus), steady: inventory(...gpus) });

  it('reads the Node, writes once, and then neither reads nor writes as long as nothing changes', async () => {
    const one = labeller();
    server.next(node.read, node.write);

    for (let cycle = 0; cycle < 10; cycle += 1) {
      one.offer(look(radeon));
      await one.attempt(signal);
      await clock.advance(30_000);
    }

    expect(server.received.map((request) => request.method)).toEqual(['GET', 'PATCH']);
    expect(server.received[1]?.headers['content-type']).toBe('application/merge-patch+json');
    expect(node.labels).toMatchObject({ [VENDOR]: 'AMD', 'flexinfer.ai/cpu.avx512': 'false' });
    expect(results).toEqual(['success']);
  });

  it('goes by the cores of the Node, and by the class a person chose', async () => {
    node.annotations['flexinfer.ai/device-class'] = 'mine';
    const one = labeller();
    server.next(node.read, node.write);
    one.offer(look());
    await one.attempt(signal);

    expect(node.labels['flexinfer.ai/device-class']).toBe('mine');
    expect(one.facts).toMatchObject({ allocatableCores: 3.5, deviceClass: 'mine' });
  });

  it('57: restores an edited label when it next looks at the Node, within a quarter of an hour', async () => {
    const one = labeller();
    server.next(node.read, node.write, node.read, node.write);
    one.offer(look(radeon));
    await one.attempt(signal);
    node.labels[VENDOR] = 'Acme';
    node.version += 1;

    await clock.advance(900_000);
    one.offer(look(radeon));
    await one.attempt(signal);

    expect(node.labels[VENDOR]).toBe('AMD');
  });

  it('58: tells of a conflict once', async () => {
    node.labels[VENDOR] = 'Acme';
    const told: (readonly string[])[] = [];
    const one = labeller({ on: { conflicts: (keys) => void told.push(keys) } });
    server.next(node.read, node.write);
    for (let cycle = 0; cycle < 3; cycle += 1) {
      one.offer(look(radeon));
      await one.attempt(signal);
    }

    expect(told).toEqual([[VENDOR]]);
    expect(node.labels[VENDOR]).toBe('Acme');
  });

  it('8, 65: removes labels at the third clean look without the device, and none before', async () => {
    const one = labeller();
    server.next(node.read, node.write, node.read, node.write);
    one.offer(look(radeon));
    await one.attempt(signal);
    const there: boolean[] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      one.offer({ seen: inventory(), steady: cycle < 2 ? inventory(radeon) : inventory() });
      await one.attempt(signal);
      there.push(VENDOR in node.labels);
    }

    expect(there).toEqual([true, true, false]);
    expect(node.labels).toMatchObject({ 'flexinfer.ai/device-class': 'cpu.x.v3.3.5c' });
  });

  it('removes what an earlier agent wrote for a device that is no longer there, as slowly', async () => {
    const first = labeller();
    server.next(node.read, node.write);
    first.offer(look(radeon));
    await first.attempt(signal);
    const restarted = labeller();
    server.next(node.read, node.read, node.write);
    const there: boolean[] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      restarted.offer(look());
      await restarted.attempt(signal);
      there.push(VENDOR in node.labels && node.labels['flexinfer.ai/device-class'] === 'amd.dev-744c.gfx1100.23g');
    }

    expect(there).toEqual([true, true, false]);
  });

  it('9: changes nothing after a restart while the driver does not answer', async () => {
    const first = labeller();
    server.next(node.read, node.write);
    first.offer(look(radeon));
    await first.attempt(signal);
    const before = { ...node.labels };
    const restarted = labeller();
    server.next(node.read);
    for (let cycle = 0; cycle < 8; cycle += 1) {
      restarted.offer(look({ ...radeon, health: 'unknown' }));
      await restarted.attempt(signal);
    }

    expect(node.labels).toEqual(before);
  });

  it('60: reads again and plans anew after a 409', async () => {
    const one = labeller();
    const meddle: Behaviour = (request, response) => {
      node.labels[VENDOR] = 'Acme';
      node.version += 1;
      return node.write(request, response);
    };
    server.next(node.read, meddle, node.read, node.write);
    one.offer(look(radeon));
    await one.attempt(signal);

    expect(results).toEqual(['conflict', 'success']);
    expect(node.labels[VENDOR]).toBe('Acme');
  });

  it.each([
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'node_gone'],
    [422, 'Invalid', 'invalid'],
  ])('60: after a %i waits for minutes before it tries again', async (code, reason, result) => {
    const one = labeller();
    const stop = new AbortController();
    const running = one.run(stop.signal);
    server.next(status(code, reason));
    one.offer(look(radeon));
    await until(() => results.length === 1);
    await clock.advance(140_000);
    expect(server.received).toHaveLength(1);
    server.next(node.read, node.write);
    await clock.advance(160_000);
    await until(() => results.length === 2);
    stop.abort();
    await running;

    expect(results).toEqual([result, 'success']);
  });

  it('60: waits as long as the server asks after a 429', async () => {
    const one = labeller();
    const stop = new AbortController();
    const running = one.run(stop.signal);
    server.next(status(429, 'TooManyRequests', { details: { retryAfterSeconds: 45 } }));
    one.offer(look(radeon));
    await until(() => results.length === 1);
    await clock.advance(44_000);
    expect(server.received).toHaveLength(1);
    server.next(node.read, node.write);
    await clock.advance(2000);
    await until(() => results.length === 2);
    stop.abort();
    await running;

    expect(results).toEqual(['throttled', 'success']);
  });

  it('60: waits longer after each failure in a row, up to five minutes', async () => {
    const one = labeller();
    const stop = new AbortController();
    const running = one.run(stop.signal);
    const atMs: number[] = [];
    for (let failure = 1; failure <= 12; failure += 1) {
      server.next((request, response) => {
        atMs.push(clock.monotonicMs());
        return status(401, 'Unauthorized')(request, response);
      });
      if (failure === 1) one.offer(look(radeon));
      for (let step = 0; results.length < failure && step < 400; step += 1) {
        await clock.advance(1000);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
    stop.abort();
    await running;
    const waits = atMs.slice(1).map((each, index) => each - (atMs[index] ?? 0));

    expect(results).toEqual(Array.from({ length: 12 }, () => 'unauthorized'));
    expect(waits.slice(0, 4).every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0))).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(301_000);
    expect(waits.at(-1)).toBeGreaterThan(100_000);
  });

  it('60: outlives a connection that breaks in the middle of a write', async () => {
    const one = labeller();
    server.next(node.read, hangUp);
    one.offer(look(radeon));
    await one.attempt(signal);
    await clock.advance(300_000);
    server.next(node.read, node.write);
    one.offer(look(radeon));
    await one.attempt(signal);

    expect(results).toEqual(['unreachable', 'success']);
  });

  it('61: keeps its intervals when the wall clock is set back or forward', async () => {
    const one = labeller();
    server.next(node.read, node.write);
    one.offer(look(radeon));
    await one.attempt(signal);
    for (const hour of [-3_600_000, 3_600_000, 3_600_000]) {
      clock.jumpWall(hour);
      await clock.advance(30_000);
      one.offer(look(radeon));
      await one.attempt(signal);
    }

    expect(server.received).toHaveLength(2);
  });

  it('writes nothing in a dry run, and tells what it would write', async () => {
    const plans: unknown[] = [];
    const one = labeller({ dryRun: true, on: { planned: (plan) => void plans.push(plan.patch) } });
    server.next(node.read);
    one.offer(look(radeon));
    await one.attempt(signal);

    expect(plans).toEqual([
      { metadata: expect.objectContaining({ labels: expect.objectContaining({ [VENDOR]: 'AMD' }) }) },
    ]);
    expect(node.labels).toEqual({});
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
