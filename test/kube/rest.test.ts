import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { addingFinalizer, removingFinalizer } from '../../src/kube/objects/finalizers.ts';
import type { KubeObject, ObjectDraft } from '../../src/kube/objects/object.ts';
import { resource } from '../../src/kube/objects/resource.ts';
import { readChangeWrite } from '../../src/kube/rest/conflict-retry.ts';
import type { KubeClient, WriteOptions } from '../../src/kube/rest/kube-client.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { configMap, connect } from './connect.ts';
import { CuttingProxy } from './cutting-proxy.ts';

let plane: ControlPlane;
let client: KubeClient;
const signal = AbortSignal.timeout(600_000);
const namespace = 'default';

beforeAll(async () => {
  plane = await startControlPlane();
  client = await connect(plane);
});

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

describe('reading and writing', () => {
  it('creates, reads, replaces, patches and deletes an object', async () => {
    const ref = { namespace, name: 'life' };
    const created = await client.create(builtin.configMaps, configMap(namespace, 'life', { a: '1', b: '2' }), {
      signal,
    });

    const replaced = await client.update(builtin.configMaps, { ...created, data: { a: '2', b: '2' } }, { signal });
    const patched = await client.mergePatch(builtin.configMaps, ref, { data: { a: '3', b: null } }, { signal });
    const read = await client.get(builtin.configMaps, ref, { signal });
    await client.delete(builtin.configMaps, ref, { signal });

    expect([replaced.data, patched.data]).toEqual([{ a: '2', b: '2' }, { a: '3' }]);
    expect(read).toEqual(patched);
    await expect(client.get(builtin.configMaps, ref, { signal })).rejects.toMatchObject({
      code: 404,
      reason: 'NotFound',
    });
  });

  it('applies its own fields, leaves those of others, and meets a conflict when both want one', async () => {
    const apply = (manager: string, data: Record<string, string>, force = false) =>
      client.apply(builtin.configMaps, configMap(namespace, 'shared', data), { signal, fieldManager: manager, force });
    await apply('one', { a: '1', common: 'one' });

    await expect(apply('two', { b: '2', common: 'two' })).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
    const forced = await apply('two', { b: '2', common: 'two' }, true);
    const after = await apply('one', { a: '1' });

    expect(forced.data).toEqual({ a: '1', b: '2', common: 'two' });
    expect(after.data).toEqual({ a: '1', b: '2', common: 'two' });
  });

  it('applies only to the version it was made from, when it carries one', async () => {
    const first = await client.create(builtin.configMaps, configMap(namespace, 'versioned'), { signal });
    await client.mergePatch(builtin.configMaps, first.metadata, { data: { a: '1' } }, { signal });
    const { name, resourceVersion } = first.metadata;
    const draft = { ...configMap(namespace, name), metadata: { namespace, name, resourceVersion } };

    const late = client.apply(builtin.configMaps, draft, { signal, fieldManager: 'late' });

    await expect(late).rejects.toMatchObject({ code: 409 });
  });

  it('patches a status without touching the rest', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'made-up' } };
    await client.create(builtin.nodes, node, { signal });

    const patched = await client.patchStatus(
      builtin.nodes,
      { name: 'made-up' },
      { capacity: { cpu: '4' } },
      { signal },
    );

    expect(patched.status).toMatchObject({ capacity: { cpu: '4' } });
    await client.delete(builtin.nodes, { name: 'made-up' }, { signal });
  });

  it('deletes only the very object it means', async () => {
    const { metadata } = await client.create(builtin.configMaps, configMap(namespace, 'meant'), { signal });
    const remove = (preconditions: { uid?: string; resourceVersion?: string }) =>
      client.delete(builtin.configMaps, metadata, { signal, preconditions });

    await expect(remove({ uid: '00000000-0000-0000-0000-000000000000' })).rejects.toMatchObject({ code: 409 });
    await expect(remove({ resourceVersion: '1' })).rejects.toMatchObject({ code: 409 });
    await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion });
  });

  it('makes nothing on a dry run', async () => {
    await client.create(builtin.configMaps, configMap(namespace, 'rehearsal'), { signal, dryRun: true });

    const read = client.get(builtin.configMaps, { namespace, name: 'rehearsal' }, { signal });

    await expect(read).rejects.toMatchObject({ code: 404 });
  });

  it('creates a subresource', async () => {
    const ref = { namespace, name: 'robot' };
    await client.create(
      builtin.serviceAccounts,
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: ref },
      { signal },
    );
    const request = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3_600 },
    };

    const answer = await client.createSubresource(builtin.serviceAccounts, ref, 'token', request, { signal });

    expect(answer).toMatchObject({ status: { token: expect.stringMatching(/^ey/) as string } });
  });

  it('reads a list page by page as it was at one moment', async () => {
    for (let index = 0; index < 7; index += 1) {
      await client.create(
        builtin.configMaps,
        {
          ...configMap(namespace, `page-${index}`),
          metadata: { namespace, name: `page-${index}`, labels: { set: 'p' } },
        },
        { signal },
      );
    }
    const selection = { namespace, labelSelector: { set: 'p' }, limit: 3, signal };

    const sizes: number[] = [];
    for await (const page of client.pages(builtin.configMaps, selection)) {
      sizes.push(page.items.length);
      if (sizes.length === 1) await client.delete(builtin.configMaps, { namespace, name: 'page-6' }, { signal });
    }
    const all = await client.listAll(builtin.configMaps, selection);
    const one = await client.list(builtin.configMaps, { namespace, fieldSelector: 'metadata.name=page-2', signal });

    expect(sizes).toEqual([3, 3, 1]);
    expect(all.items.map((each) => each.metadata.name)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `page-${index}`));
    expect(one.items).toMatchObject([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'page-2' } }]);
  });
});

describe('fields that this code has never seen', () => {
  const widgets = resource('test.example/v1', 'Widget', 'widgets');
  const strange = {
    spec: {
      future: {
        deep: [{ x: 1.5, big: 9007199254740991, nothing: null, empty: {}, none: [], text: 'ü\u0000\u{1f600}' }],
      },
    },
    'odd key/with.dots': true,
  };

  beforeAll(async () => {
    await plane.kubectl(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'widgets.test.example' },
        spec: {
          group: 'test.example',
          names: { kind: 'Widget', plural: 'widgets' },
          scope: 'Namespaced',
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          ],
        },
      }),
    );
    await plane.kubectl(['wait', '--for=condition=Established', 'crd/widgets.test.example', '--timeout=60s']);
  });

  it('survive reading, changing and writing a custom object', async () => {
    const ref = { namespace, name: 'w' };
    await client.create(
      widgets,
      { apiVersion: 'test.example/v1', kind: 'Widget', metadata: ref, ...strange },
      { signal },
    );

    const after = await readChangeWrite(
      client,
      widgets,
      ref,
      (widget) => ({ ...widget, metadata: { ...widget.metadata, labels: { changed: 'yes' } } }),
      { signal },
    );

    // The API server itself drops null values of fields without a schema nowhere, so nothing may be missing.
    expect(after).toMatchObject({ ...strange, metadata: { labels: { changed: 'yes' } } });
  });

  it('survive in a built-in object, field by field', async () => {
    await plane.kubectl(['create', 'deployment', 'wide', '--image=example/none:1', '--replicas=0']);
    const ref = { namespace, name: 'wide' };
    const before = await client.get(builtin.deployments, ref, { signal });

    const after = await readChangeWrite(
      client,
      builtin.deployments,
      ref,
      (each) => ({ ...each, metadata: { ...each.metadata, annotations: { seen: 'yes' } } }),
      { signal },
    );

    expect(after.spec).toEqual(before.spec);
    expect(after.status).toEqual(before.status);
  });
});

describe('readChangeWrite', () => {
  it('loses no change of ten writers at once', async () => {
    await client.create(builtin.configMaps, configMap(namespace, 'counter', { n: '0' }), { signal });
    const write = async (): Promise<void> => {
      try {
        const change = (each: KubeObject) => {
          const { n } = each.data as { n: string };
          return { ...each, data: { n: String(Number(n) + 1) } };
        };
        await readChangeWrite(client, builtin.configMaps, { namespace, name: 'counter' }, change, { signal });
      } catch (error) {
        // Five attempts may not be enough for ten writers; a controller would come back.
        if (!(error instanceof Error) || !error.message.includes('modified')) throw error;
        await write();
      }
    };

    await Promise.all(Array.from({ length: 10 }, write));

    const { data } = await client.get(builtin.configMaps, { namespace, name: 'counter' }, { signal });
    expect(data).toEqual({ n: '10' });
  });

  it('writes nothing when there is nothing to change', async () => {
    const before = await client.get(builtin.configMaps, { namespace, name: 'counter' }, { signal });

    const after = await readChangeWrite(client, builtin.configMaps, before.metadata, (each) => each, { signal });

    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });
});

describe('finalizers', () => {
  it('hold a deleted object until they are taken away', async () => {
    const made = await client.create(builtin.configMaps, configMap(namespace, 'held'), { signal });
    const add = addingFinalizer(made, 'test.example/hold') ?? {};
    await client.mergePatch(builtin.configMaps, made.metadata, add, { signal });
    await client.delete(builtin.configMaps, made.metadata, { signal });

    const held = await client.get(builtin.configMaps, made.metadata, { signal });
    const patch = removingFinalizer(held, 'test.example/hold') ?? {};
    await client.mergePatch(builtin.configMaps, held.metadata, patch, { signal });

    expect(held.metadata.deletionTimestamp).toBeDefined();
    await expect(client.get(builtin.configMaps, made.metadata, { signal })).rejects.toMatchObject({ code: 404 });
  });
});

describe('what the API server refuses', () => {
  it('is a typed error with the reason, the fields and a message for people', async () => {
    const create = (draft: ObjectDraft, more: Partial<WriteOptions> = {}) =>
      client.create(builtin.configMaps, draft, { signal, ...more });
    const strict = { ...configMap(namespace, 'strict'), extra: 1 };
    const { metadata, ...twice } = await create(configMap(namespace, 'twice'));
    const stale = { ...twice, metadata: { ...metadata, resourceVersion: '1' } };

    await expect(create(configMap(namespace, 'twice'))).rejects.toMatchObject({ code: 409, reason: 'AlreadyExists' });
    await expect(create(configMap(namespace, 'Not_A_Name'))).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      causes: [expect.objectContaining({ field: 'metadata.name' }) as unknown],
    });
    await expect(create(strict, { fieldValidation: 'Strict' })).rejects.toThrow('unknown field "extra"');
    await expect(create(configMap('no-such-namespace', 'x'))).rejects.toMatchObject({ code: 404 });
    await expect(client.update(builtin.configMaps, stale, { signal })).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });
});

describe('connections', () => {
  it('300 sequential requests use one', async () => {
    await using proxy = await CuttingProxy.to(plane.admin.server);
    const through = await connect(plane, { server: proxy.url });

    for (let request = 0; request < 300; request += 1) {
      await through.get(builtin.namespaces, { name: 'default' }, { signal });
    }

    expect(proxy.accepted).toBe(1);
    await through.close();
  });

  it('that were cut between requests are replaced unseen', async () => {
    await using proxy = await CuttingProxy.to(plane.admin.server);
    const through = await connect(plane, { server: proxy.url });

    for (let round = 0; round < 5; round += 1) {
      await through.get(builtin.namespaces, { name: 'default' }, { signal });
      proxy.cut();
    }

    expect(proxy.accepted).toBeGreaterThan(1);
    await through.close();
  });

  it('survive an API server that is restarted, and requests wait for it', async () => {
    const before = await client.get(builtin.namespaces, { name: 'default' }, { signal });
    await plane.apiServer.stop();
    const during = client.get(builtin.namespaces, { name: 'default' }, { signal });
    await plane.apiServer.start();

    expect((await during).metadata.uid).toBe(before.metadata.uid);
  });

  it('of a closed client are gone, and its requests fail at once', async () => {
    const short = await connect(plane);
    await short.get(builtin.namespaces, { name: 'default' }, { signal });

    await short.close();

    await expect(short.get(builtin.namespaces, { name: 'default' }, { signal })).rejects.toThrow('closed');
  });
});
