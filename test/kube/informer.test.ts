import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Informer } from '../../src/kube/informer/informer.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { configMap, connect } from './connect.ts';

const signal = AbortSignal.timeout(600_000);

/** The requests by which an informer of ConfigMaps gets in step with the server. */
async function stepsOf(client: KubeClient, watchList: boolean): Promise<readonly string[]> {
  const send = vi.spyOn(client.caller.transport, 'send');
  const stop = new AbortController();
  const errors: unknown[] = [];
  const informer = new Informer(client, builtin.configMaps, { watchList, onError: (error) => errors.push(error) });
  const running = informer.run(stop.signal);
  try {
    await informer.waitForSync(signal);
    await client.create(builtin.configMaps, configMap('default', `after-${Math.random()}`), { signal });
    const { items } = await client.listAll(builtin.configMaps, { signal });
    await waitUntil('the informer has all', () => informer.snapshot().size === items.length || undefined);
    expect(errors).toEqual([]);
    return send.mock.calls
      .map(([request]) => request)
      .filter(({ method, path }) => method === 'GET' && path.includes('resourceVersion'))
      .map(({ path }) => {
        if (path.includes('sendInitialEvents')) return 'watch list';
        return path.includes('watch=1') ? 'watch' : 'list';
      });
  } finally {
    stop.abort();
    await running;
    send.mockRestore();
  }
}

describe.each([
  ['current', true, ['watch list']],
  ['old', true, ['watch list', 'list', 'watch']],
  ['current', false, ['list', 'watch']],
] as const)('an informer, with a(n) %s etcd and WatchList wanted: %s', (etcd, watchList, steps) => {
  let plane: ControlPlane;
  let client: KubeClient;

  beforeAll(async () => {
    plane = await startControlPlane({ etcd });
    client = await connect(plane);
  });

  afterAll(async () => {
    await client?.close();
    await plane?.stop();
  });

  it(`gets in step by ${steps.join(', ')}`, async () => {
    expect(await stepsOf(client, watchList)).toEqual(steps);
  });
});
