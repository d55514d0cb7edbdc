import { describe, expect, it, onTestFinished } from 'vitest';
import { type FixtureOptions, openGate as open, until } from './testing/gate-fixture.ts';
import { RawClient } from './testing/raw-client.ts';

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

describe('a gate with a key', () => {
  const KEY = 'sk-test-0123456789';

  it('answers nobody without it, but for health, readiness and metrics', async () => {
    const { get, post, engine } = await openGate({ apiKey: KEY });

    const closed = await Promise.all([
      post('/v1/completions', {}),
      get('/v1/models'),
      get('/props'),
      get('/nothing'),
      post('/v1/completions', {}, { authorization: 'Bearer wrong' }),
    ]);
    const open = await Promise.all([get('/healthz'), get('/readyz'), get('/metrics')]);

    expect(closed.map((answer) => answer.status)).toEqual([401, 401, 401, 401, 401]);
    expect(open.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(engine.requests).toEqual([]);
  });

  it('answers those who have it and keeps it from the engine, the metrics and the problems', async () => {
    const problems: string[] = [];
    const { get, post, engine } = await openGate({ apiKey: KEY, onProblem: (problem) => problems.push(problem) });

    const answer = await post('/v1/completions', {}, { authorization: `Bearer ${KEY}` });
    await engine.close();
    const failed = await post('/v1/completions', {}, { authorization: `Bearer ${KEY}` });

    expect(answer.status).toBe(200);
    expect(JSON.stringify(engine.requests)).not.toContain(KEY);
    expect(await failed.text()).not.toContain(KEY);
    expect(await (await get('/metrics')).text()).not.toContain(KEY);
    expect(problems.join()).not.toContain(KEY);
  });

  it('guards the routes it was given unless they are open', async () => {
    const handle = (_: unknown, response: { end: (text: string) => unknown }) => void response.end('page');
    const { get } = await openGate({
      apiKey: KEY,
      extraRoutes: [
        { path: '/', open: true, handle },
        { path: '/api/v1/*', handle },
      ],
    });

    expect([(await get('/')).status, (await get('/api/v1/x')).status]).toEqual([200, 401]);
  });

  it('lets a client read the refusal while it is still sending', async () => {
    const { url } = await openGate({ apiKey: KEY });
    const client = await RawClient.to(url);
    onTestFinished(() => client.destroy());

    client.send('POST /v1/completions HTTP/1.1', 'Host: x', 'Content-Length: 10000000', '', 'x'.repeat(500_000));

    await until(() => client.received.includes('invalid_api_key'));
    expect(client.received).toMatch(/^HTTP\/1\.1 401 /);
    await until(() => client.closed);
  });
});

describe('web pages', () => {
  /** `fetch` refuses to set these headers, as browsers do. */
  async function ask(url: string, method: string, path: string, ...headers: readonly string[]): Promise<string> {
    const client = await RawClient.to(url);
    onTestFinished(() => client.destroy());
    const rest = ['Content-Type: application/json', 'Content-Length: 2', 'Connection: close', '', '{}'];
    client.send(`${method} ${path} HTTP/1.1`, ...headers, ...rest);
    await until(() => client.closed);
    return client.received;
  }

  it('of other origins get nothing, not even the engine busy', async () => {
    const { url, engine } = await openGate();

    const answer = await ask(url, 'POST', '/v1/completions', 'Host: localhost', 'Origin: http://evil.example');

    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).not.toMatch(/access-control/i);
    expect(engine.requests).toEqual([]);
  });

  it('that point their name here get nothing either', async () => {
    const { url } = await openGate();

    expect(await ask(url, 'GET', '/v1/models', 'Host: evil.example')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(url, 'GET', '/metrics', 'Host: evil.example')).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('of allowed origins may ask and read', async () => {
    const { url } = await openGate({ allowedOrigins: ['http://app.example'] });
    const headers = ['Host: localhost', 'Origin: http://app.example'];

    const preflight = await ask(url, 'OPTIONS', '/v1/completions', ...headers);
    const answer = await ask(url, 'POST', '/v1/completions', ...headers);

    expect(preflight).toMatch(/^HTTP\/1\.1 204 /);
    expect(preflight).toMatch(/access-control-allow-headers: authorization, content-type/i);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/access-control-allow-origin: http:\/\/app\.example/i);
  });

  it('do not get the permissions that an engine gives to everyone', async () => {
    const { get, engine } = await openGate();
    engine.behave = (_, response) => {
      response.writeHead(200, { 'access-control-allow-origin': '*', 'set-cookie': 'a=b' });
      response.end();
    };

    const answer = await get('/props');

    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('and others cannot use the method %s', async (method) => {
    const { url } = await openGate();

    const answer = await ask(url, method, '/v1/completions', 'Host: localhost');

    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toMatch(/allow: GET, HEAD, POST/i);
  });

  it.each(['/v1/../api/delete', '//v1/models', '/v1/%2e%2e/x', 'http://evil.example/v1/models'])(
    'and others cannot use the path %s',
    async (path) => {
      const { url } = await openGate();

      expect(await ask(url, 'POST', path, 'Host: localhost')).toMatch(/^HTTP\/1\.1 400 /);
    },
  );
});
