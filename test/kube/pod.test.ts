import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { podLog } from '../../src/kube/rest/pod-log.ts';
import { forwardPort, openPodPort } from '../../src/kube/rest/port-forward.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { skipWithoutNodes } from '../cluster/possible.ts';
import { BUSYBOX_IMAGE, busyboxImageArchive } from '../cluster/test-images.ts';
import { connect } from './connect.ts';

const POD = { namespace: 'default', name: 'server' };
/** Says something with characters of several bytes, serves a file of 3 MB, and says one thing more each second. */
const SCRIPT = [
  'echo first line',
  'echo zweite Zeile mit ü und 😀',
  'mkdir /tmp/w',
  'head -c 3000000 /dev/zero > /tmp/w/big',
  'echo hello > /tmp/w/index.html',
  'httpd -p 8000 -h /tmp/w',
  'while true; do sleep 1; echo tick; done',
].join('\n');

describe.skipIf(skipWithoutNodes())('a pod on a real node', () => {
  let cluster: Cluster;
  let client: KubeClient;
  const signal = AbortSignal.timeout(600_000);

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1, registry: false });
    await cluster.importImage(await busyboxImageArchive());
    client = await connect(cluster);
    const container = { name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', args: [SCRIPT] };
    const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
    await client.create(builtin.pods, { apiVersion: 'v1', kind: 'Pod', metadata: POD, spec }, { signal });
    await cluster.kubectl(['wait', 'pod/server', '--for=condition=Ready', '--timeout=120s']);
  });

  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  async function collected(options: Omit<Parameters<typeof podLog>[2], 'signal'>): Promise<string> {
    let text = '';
    for await (const piece of podLog(client, POD, { signal, ...options })) text += piece;
    return text;
  }

  it('shows its log, or a part of it', async () => {
    const whole = await collected({});
    const part = await collected({ limitBytes: 10 });
    const stamped = await collected({ timestamps: true, container: 'main' });

    expect(whole).toMatch(/^first line\nzweite Zeile mit ü und 😀\n/);
    expect(part).toBe('first line');
    expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT\S+Z first line\n/);
  });

  it('lets its log be followed until the reader has enough', async () => {
    let ticks = 0;
    for await (const piece of podLog(client, POD, { signal, follow: true, tailLines: 1 })) {
      ticks += piece.split('tick').length - 1;
      if (ticks >= 3) break;
    }

    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it('ends a followed log with its signal', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of podLog(client, POD, { signal: stop.signal, follow: true })) stop.abort(new Error('enough'));
    })();

    await expect(reading).rejects.toThrow('enough');
  });

  it('has no log of a container that does not exist, and says so', async () => {
    await expect(collected({ container: 'none' })).rejects.toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('is reached through a forwarded port, by several connections at once and with more than a frame of data', async () => {
    const errors: unknown[] = [];
    await using forward = await forwardPort(client, POD, {
      podPort: 8000,
      signal,
      onError: (error) => errors.push(error),
    });
    const url = `http://127.0.0.1:${forward.port}`;

    const hellos = await Promise.all([1, 2, 3].map(async () => (await fetch(url)).text()));
    const big = await (await fetch(`${url}/big`)).arrayBuffer();

    expect(hellos).toEqual(['hello\n', 'hello\n', 'hello\n']);
    expect(big.byteLength).toBe(3_000_000);
    expect(errors).toEqual([]);
  });

  it('says why a port cannot be forwarded', async () => {
    const missing = openPodPort(client, { namespace: 'default', name: 'none' }, 8000, signal);
    await expect(missing).rejects.toMatchObject({ code: 404, reason: 'NotFound' });

    const closed = await openPodPort(client, POD, 9, signal);
    const [error] = (await once(closed.resume(), 'error').catch((thrown: unknown) => [thrown])) as unknown[];
    expect(String(error)).toContain('port 9 of pod default/server');
  });

  it('closes what was forwarded with its signal', async () => {
    const stop = new AbortController();
    const forward = await forwardPort(client, POD, { podPort: 8000, signal: stop.signal });
    const url = `http://127.0.0.1:${forward.port}`;
    await (await fetch(url)).text();

    stop.abort();

    await expect(fetch(url, { headers: { connection: 'close' } })).rejects.toThrow('fetch failed');
  });
});
