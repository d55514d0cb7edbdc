import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EngineConnection } from './engine-connection.ts';
import { FakeEngine } from './testing/fake-engine.ts';
import { until } from './testing/gate-fixture.ts';

const never = new AbortController().signal;
const QUESTION = { path: '/v1/completions', method: 'POST', headers: { 'content-type': 'application/json' } } as const;

async function openEngine(silenceMs = 10_000): Promise<{ engine: FakeEngine; connection: EngineConnection }> {
  const engine = await new FakeEngine('m').listen();
  const connection = new EngineConnection(engine.origin, silenceMs);
  onTestFinished(async () => {
    connection.close();
    await engine.close();
  });
  return { engine, connection };
}

async function listening(server: Server, host: string): Promise<number> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('the connection to an engine', () => {
  it('sends a body with its length in bytes, on a connection that is not used again', async () => {
    const { engine, connection } = await openEngine();

    const { status, body } = await connection.request({ ...QUESTION, body: '{"prompt":"é"}', signal: never });

    expect(status).toBe(200);
    expect(JSON.parse(await text(body))).toMatchObject({ model: 'm' });
    expect(engine.requests[0]?.headers).toMatchObject({ 'content-length': '15', connection: 'close' });
  });

  it('reaches an engine on IPv6', async () => {
    const port = await listening(
      createServer((_, response) => response.end('six')),
      '::1',
    );
    const connection = new EngineConnection(`http://[::1]:${port}`, 1_000);

    const { body } = await connection.request({ path: '/', method: 'GET', headers: {}, signal: never });

    expect(await text(body)).toBe('six');
  });

  it('knows an engine that is not there from one that hangs up', async () => {
    const { engine, connection } = await openEngine();
    engine.behave = (_, response) => void response.destroy();

    await expect(connection.request({ ...QUESTION, body: '{}', signal: never })).rejects.toMatchObject({
      kind: 'broken',
    });
    await engine.close();
    await expect(connection.request({ ...QUESTION, body: '{}', signal: never })).rejects.toMatchObject({
      kind: 'unreachable',
    });
    await engine.listen();
  });

  it('gives up on silence, before and within an answer', async () => {
    const { engine, connection } = await openEngine(50);
    engine.behave = () => undefined;
    await expect(connection.request({ ...QUESTION, body: '{}', signal: never })).rejects.toMatchObject({
      kind: 'timeout',
    });
    engine.behave = (_, response) => void response.write('half');

    const { body } = await connection.request({ ...QUESTION, body: '{}', signal: never });

    await expect(text(body)).rejects.toMatchObject({ kind: 'timeout' });
  });

  it('is cut when nobody wants the answer any more', async () => {
    const { engine, connection } = await openEngine();
    engine.behave = () => undefined;
    const client = new AbortController();
    const answer = connection.request({ ...QUESTION, body: '{}', signal: client.signal });
    await until(() => engine.requests.length === 1);

    client.abort();

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => engine.abandoned === 1);
  });

  it('does not take a cut answer for a whole one', async () => {
    const { engine, connection } = await openEngine();
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    };

    const { body } = await connection.request({ ...QUESTION, body: '{}', signal: never });

    await expect(text(body)).rejects.toThrow('aborted');
  });
});
