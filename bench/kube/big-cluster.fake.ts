/**
 * A process that answers lists and watches of 5,000 nodes and 20,000 pods, made up in the size and shape of real ones.
 * A fake: its objects never change. Prints its port.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { fakeNode, fakePod } from './big-cluster-objects.ts';

const VERSION = '900000';
const texts = {
  nodes: Array.from({ length: 5_000 }, (_, index) => JSON.stringify(fakeNode(index))),
  pods: Array.from({ length: 20_000 }, (_, index) => JSON.stringify(fakePod(index))),
};

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://fake');
  const kind = url.pathname.endsWith('/nodes') ? 'nodes' : 'pods';
  const initialEvents = url.searchParams.get('sendInitialEvents') === 'true';
  const answering = url.searchParams.has('watch')
    ? watch(response, texts[kind], initialEvents)
    : list(response, url, kind);
  answering.catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
});

async function list(response: ServerResponse, url: URL, kind: keyof typeof texts): Promise<void> {
  // As the real one does, for which any state at hand is one piece.
  const whole = url.searchParams.get('resourceVersion') === '0';
  const from = Number(url.searchParams.get('continue') ?? 0);
  const to = whole ? texts[kind].length : from + Number(url.searchParams.get('limit') ?? texts[kind].length);
  const next = to < texts[kind].length ? `,"continue":"${to}"` : '';
  await write(
    response,
    `{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"${VERSION}"${next}},"items":[`,
  );
  const page = texts[kind].slice(from, to);
  for (const [index, text] of page.entries()) await write(response, index === 0 ? text : `,${text}`);
  response.end(']}');
}

async function watch(response: ServerResponse, objects: readonly string[], initialEvents: boolean): Promise<void> {
  response.flushHeaders();
  if (!initialEvents) return;
  for (const text of objects) await write(response, `{"type":"ADDED","object":${text}}\n`);
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const object = { metadata: { resourceVersion: VERSION, annotations } };
  await write(response, `${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
}

async function write(response: ServerResponse, text: string): Promise<void> {
  if (!response.write(text)) await once(response, 'drain');
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
