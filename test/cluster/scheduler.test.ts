import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from './cluster.ts';
import { PAUSE_IMAGE } from './test-images.ts';
import { waitUntil } from './wait-until.ts';

/** An extender that lets every node pass and prefers one. */
function preferring(node: string, asked: string[]): Server {
  return createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { NodeNames = [] } = JSON.parse(body) as { NodeNames?: string[] };
      asked.push(request.url ?? '');
      const scores = NodeNames.map((Host) => ({ Host, Score: Host === node ? 10 : 1 }));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/filter' ? { NodeNames } : scores));
    });
  });
}

describe('a second scheduler with an extender, over nodes that are only objects', () => {
  let cluster: Cluster;
  let extender: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    const fakeNodes = ['fake-a', 'fake-b', 'fake-c'].map((name) => ({ name }));
    cluster = await startCluster({ fakeNodes, progress: (line) => console.log(line) });
    extender = preferring('fake-b', asked);
    const port = await new Promise<number>((resolve) => {
      extender.listen(0, '127.0.0.1', () => {
        const address = extender.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await cluster.startScheduler('flexinfer-scheduler', {
      profiles: [{ schedulerName: 'flexinfer-scheduler' }],
      extenders: [
        {
          urlPrefix: `http://127.0.0.1:${port}`,
          filterVerb: 'filter',
          prioritizeVerb: 'prioritize',
          weight: 200,
          nodeCacheCapable: true,
          httpTimeout: '1s',
        },
      ],
    });
  });

  afterAll(async () => {
    extender.closeAllConnections();
    await new Promise((resolve) => extender.close(resolve));
    await cluster.stop();
  });

  function pod(name: string, schedulerName: string): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { schedulerName, containers: [{ name: 'main', image: PAUSE_IMAGE }] },
    });
  }

  async function boundTo(name: string): Promise<string> {
    return waitUntil(`pod ${name} is bound`, async () => {
      const node = await cluster.kubectl(['get', 'pod', name, '-o', 'jsonpath={.spec.nodeName}']);
      return node === '' ? undefined : node;
    });
  }

  it('binds the pods that ask for it to the node the extender prefers', async () => {
    for (const name of ['one', 'two']) {
      await cluster.kubectl(['apply', '-f', '-'], pod(name, 'flexinfer-scheduler'));
    }

    const bound = [await boundTo('one'), await boundTo('two')];

    expect(bound).toEqual(['fake-b', 'fake-b']);
    expect(asked.slice(0, 2)).toEqual(['/filter', '/prioritize']);
  });

  it('leaves the other pods to the default scheduler', async () => {
    asked.length = 0;
    await cluster.kubectl(['apply', '-f', '-'], pod('ordinary', 'default-scheduler'));

    await boundTo('ordinary');

    expect(asked).toEqual([]);
  });

  it('has pods that seem to run, which is all that kwok can do', async () => {
    const phase = await waitUntil('the pod seems to run', async () => {
      const text = await cluster.kubectl(['get', 'pod', 'one', '-o', 'jsonpath={.status.phase}']);
      return text === 'Running' ? text : undefined;
    });

    expect(phase).toBe('Running');
  });
});
