import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { events } from '../../src/kube/events/event.ts';
import { EventRecorder } from '../../src/kube/events/event-recorder.ts';
import { Informer } from '../../src/kube/informer/informer.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { refOfKey } from '../../src/kube/objects/object.ts';
import { controllerReference } from '../../src/kube/objects/owner-references.ts';
import { runController } from '../../src/kube/queue/controller.ts';
import { controllerKey, feed } from '../../src/kube/queue/feed.ts';
import { WorkQueue } from '../../src/kube/queue/work-queue.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { systemClock } from '../../src/kube/time/clock.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { configMap, connect } from './connect.ts';

let cluster: Cluster;
let client: KubeClient;
const signal = AbortSignal.timeout(600_000);
const namespace = 'default';

beforeAll(async () => {
  // With a controller manager: its garbage collector is part of what is tried here.
  cluster = await startCluster({ scheduler: 'none' });
  client = await connect(cluster);
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

/**
 * A controller made of all the parts: for every ConfigMap labelled `parent` it keeps a child with the same data, which
 * the parent owns.
 */
async function startController(): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const parents = new Informer(client, builtin.configMaps, { namespace, labelSelector: { role: 'parent' } });
  const children = new Informer(client, builtin.configMaps, { namespace, labelSelector: { role: 'child' } });
  const queue = new WorkQueue({ clock: systemClock });
  feed(queue, parents);
  feed(queue, children, controllerKey('', 'ConfigMap'));
  const reconcile = async (key: string) => {
    const parent = parents.get(key);
    if (parent === undefined || parent.metadata.deletionTimestamp !== undefined) return undefined;
    const name = `${refOfKey(key).name}-child`;
    const metadata = { namespace, name, labels: { role: 'child' }, ownerReferences: [controllerReference(parent)] };
    const draft = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: parent.data };
    await client.apply(builtin.configMaps, draft, { signal, fieldManager: 'test', force: true });
    return undefined;
  };
  const options = { name: 'copy', queue, reconcile, workers: 2, informers: [parents, children] };
  const running = [parents.run(stop.signal), children.run(stop.signal), runController(options, stop.signal)];
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Waits until the child holds `data`. */
async function expectChild(name: string, data: object): Promise<void> {
  await waitUntil(`the child of ${name} holds ${JSON.stringify(data)}`, async () => {
    const child = await client.get(builtin.configMaps, { namespace, name: `${name}-child` }, { signal });
    return JSON.stringify(child.data) === JSON.stringify(data) || undefined;
  });
}

describe('a controller', () => {
  it('makes, mends and remakes what it is responsible for, also over a restart of the API server', async () => {
    await using _ = await startController();
    const parent = configMap(namespace, 'p', { v: '1' });
    const labelled = { ...parent, metadata: { ...parent.metadata, labels: { role: 'parent' } } };
    await client.create(builtin.configMaps, labelled, { signal });
    await expectChild('p', { v: '1' });

    await client.mergePatch(builtin.configMaps, { namespace, name: 'p-child' }, { data: { v: 'spoilt' } }, { signal });
    await expectChild('p', { v: '1' });
    await client.delete(builtin.configMaps, { namespace, name: 'p-child' }, { signal });
    await expectChild('p', { v: '1' });

    await cluster.apiServer.stop();
    await cluster.apiServer.start();
    await client.mergePatch(builtin.configMaps, { namespace, name: 'p' }, { data: { v: '2' } }, { signal });
    await expectChild('p', { v: '2' });

    await client.delete(builtin.configMaps, { namespace, name: 'p' }, { signal });
    await waitUntil('the child goes with its parent', async () => {
      const left = await client.list(builtin.configMaps, { namespace, labelSelector: { role: 'child' }, signal });
      return left.items.length === 0 || undefined;
    });
  });
});

describe('an event recorder', () => {
  it('writes what kubectl shows: one event with a count, and a flood combined and cut off', async () => {
    const recorder = new EventRecorder({ client, component: 'test', instance: 'here' });
    const about = await client.get(builtin.namespaces, { name: namespace }, { signal });
    const subject = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'flooded' };

    for (let count = 0; count < 3; count += 1) recorder.record(about, 'Normal', 'Seen', 'seen again');
    for (let count = 0; count < 60; count += 1) recorder.record(subject, 'Warning', 'Flood', `message ${count}`);
    await recorder.flush();
    recorder.close();

    const { items } = await client.listAll(events, { namespace, signal });
    const seen = items.filter((each) => each.reason === 'Seen');
    const flood = items.filter((each) => each.reason === 'Flood');
    expect(seen).toMatchObject([{ count: 3, message: 'seen again', type: 'Normal' }]);
    expect(flood).toHaveLength(10);
    expect(flood.reduce((sum, each) => sum + (each.count ?? 0), 0)).toBe(25);
    expect(await cluster.kubectl(['get', 'events', '--field-selector=reason=Seen'])).toContain('seen again');
  });
});
