import { describe, expect, it, onTestFinished } from 'vitest';
import { type FixtureOptions, NAME, openGate as open, until } from './testing/gate-fixture.ts';
import { RawClient } from './testing/raw-client.ts';

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

async function rawClient(url: string): Promise<RawClient> {
  const client = await RawClient.to(url);
  onTestFinished(() => client.destroy());
  return client;
}

function head(path: string, ...headers: readonly string[]): string {
  return [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', ...headers, '', ''].join(
    '\r\n',
  );
}

describe('the size of a request', () => {
  it('is refused when the client announces too much, before it is sent', async () => {
    const { url, engine } = await openGate({ limits: { bodyBytes: 100 } });
    const client = await rawClient(url);

    client.send(head('/v1/completions', 'Content-Length: 101', 'Expect: 100-continue'));

    await until(() => client.closed);
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    expect(client.received).toContain('"code":"body_too_large"');
    expect(client.received).toMatch(/connection: close/i);
    expect(engine.requests).toEqual([]);
  });

  it('is refused when more comes than allowed, and the client gets to read why', async () => {
    const { url } = await openGate({ limits: { bodyBytes: 100 } });
    const client = await rawClient(url);
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;

    client.send(head('/v1/completions', 'Transfer-Encoding: chunked') + chunk);
    for (let index = 0; index < 100; index++) client.send(chunk);

    await until(() => client.received.includes('body_too_large'));
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    await until(() => client.closed);
  });

  it('is limited over all clients together, and the room comes back', async () => {
    const { url, post } = await openGate({ limits: { bufferedBytes: 1000 } });
    const slow = await rawClient(url);
    slow.send(`${head('/v1/completions', 'Content-Length: 950')}{"prompt":"${'x'.repeat(900)}`);
    const body = { prompt: 'x'.repeat(200) };
    await until(async () => (await post('/v1/completions', body)).status === 503);

    slow.destroy();

    await until(async () => (await post('/v1/completions', body)).status === 200);
    expect(slow.received).toBe('');
  });

  it('asks for the body only when it will take it', async () => {
    const { url } = await openGate();
    const client = await rawClient(url);
    client.send(head('/v1/completions', 'Content-Length: 14', 'Expect: 100-continue'));
    await until(() => client.received.startsWith('HTTP/1.1 100 Continue'));

    client.send('{"prompt":"x"}');

    await until(() => client.received.includes('HTTP/1.1 200 OK'));
    expect(client.received).toContain(NAME);
  });

  it('is limited for headers, in bytes and in number', async () => {
    const { url } = await openGate({ limits: { headerBytes: 4096, headerCount: 10 } });
    const big = await rawClient(url);
    const many = await rawClient(url);

    big.send(head('/v1/completions', `X-Big: ${'x'.repeat(5000)}`));
    many.send(head('/v1/completions', ...Array.from({ length: 12 }, (_, index) => `X-${index}: 1`)));

    await until(() => big.closed && many.closed);
    expect(big.received).toMatch(/^HTTP\/1\.1 431 /);
    expect(many.received).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('the time of a request', () => {
  it('ends for headers that never do', async () => {
    const { url } = await openGate({ limits: { headersMs: 50, requestMs: 100 } });
    const client = await rawClient(url);

    client.send('POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n');

    await until(() => client.closed);
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('ends for a connection on which nothing ever comes', async () => {
    const { url } = await openGate({ limits: { headersMs: 50, requestMs: 100 } });
    const client = await rawClient(url);

    await until(() => client.closed);

    expect(client.received).not.toContain('200');
  });

  it('ends for a body that never does', async () => {
    const { url, engine } = await openGate({ limits: { headersMs: 50, requestMs: 100 } });
    const client = await rawClient(url);

    client.send(`${head('/v1/completions', 'Content-Length: 100')}{"prompt":`);

    await until(() => client.closed);
    expect(engine.requests).toEqual([]);
  });

  it('leaves an idle connection open for longer than load balancers do', async () => {
    const { get } = await openGate();

    const answer = await get('/healthz');

    expect(answer.headers.get('keep-alive')).toBe('timeout=120');
  });
});

describe('too many requests', () => {
  it('wait for a place, are counted, and are answered in the end', async () => {
    const { post, engine, metric } = await openGate({ model: { maxConcurrent: 1 } });
    const waiting: (() => void)[] = [];
    engine.behave = (request, response) => {
      waiting.push(() => engine.answer(request, response));
    };
    const labels = { model: NAME, backend: 'llamacpp', node: 'node-1' };
    const answers = [post('/v1/completions', { prompt: '1' }), post('/v1/completions', { prompt: '2' })];
    await until(async () => (await metric('flexinfer_gate_requests_waiting', labels)) === 1);
    expect(await metric('flexinfer_gate_requests_in_flight', labels)).toBe(1);

    waiting[0]?.();
    await until(() => waiting.length === 2);
    waiting[1]?.();

    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 200]);
    expect(await metric('flexinfer_gate_requests_waiting', labels)).toBe(0);
    expect(await metric('flexinfer_gate_requests_in_flight', labels)).toBe(0);
  });

  it('are told to come back when the queue is full or the wait is long', async () => {
    const limits = { queue: 1, queueMs: 50 };
    const { post, engine, metric } = await openGate({ model: { maxConcurrent: 1 }, limits });
    engine.behave = () => undefined;
    void post('/v1/completions', { prompt: 'stuck' }).catch(() => undefined);
    await until(() => engine.requests.length === 1);

    const [first, second] = await Promise.all([post('/v1/completions', {}), post('/v1/completions', {})]);

    expect(new Set([first?.status, second?.status])).toEqual(new Set([429, 503]));
    expect([first?.headers.get('retry-after'), second?.headers.get('retry-after')]).toEqual(['5', '5']);
    expect(await metric('flexinfer_gate_requests_total', { model: NAME, outcome: 'refused' })).toBe(2);
  });

  it('do not keep quick questions from being answered', async () => {
    const { post, get, engine } = await openGate({ model: { maxConcurrent: 1 }, limits: { queue: 0 } });
    engine.behave = (request, response) => {
      if (request.path === '/props') engine.answer(request, response);
    };
    void post('/v1/completions', { prompt: 'stuck' }).catch(() => undefined);
    await until(() => engine.requests.length === 1);

    expect((await get('/props')).status).toBe(200);
    expect((await get('/v1/models')).status).toBe(200);
  });
});

describe('two requests in one', () => {
  it.each([
    ['two lengths', 'Content-Length: 2', 'Content-Length: 44'],
    ['a length and chunks', 'Content-Length: 2', 'Transfer-Encoding: chunked'],
    ['chunks in disguise', 'Transfer-Encoding: xchunked'],
    ['a space before the colon', 'Content-Length : 2'],
    ['a length that is no number', 'Content-Length: +2'],
  ])('are not made out of %s', async (_, ...headers) => {
    const { url, engine } = await openGate();
    const client = await rawClient(url);

    client.send(`${head('/v1/completions', ...headers)}0\r\n\r\nGET /props HTTP/1.1\r\nHost: localhost\r\n\r\n`);

    await until(() => client.closed);
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(engine.requests).toEqual([]);
  });

  it('are not made for the engine: it gets a fresh connection and a length', async () => {
    const { url, engine } = await openGate();
    const client = await rawClient(url);
    const body = '{"prompt":"x"}';

    client.send(
      head('/v1/completions', 'Transfer-Encoding: chunked', 'TE: trailers', 'Upgrade: h2c') +
        `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Trailer: 1\r\n\r\n`,
    );

    await until(() => client.received.includes('200 OK'));
    expect(engine.requests[0]?.headers).toMatchObject({
      'content-length': `${engine.requests[0]?.body.length}`,
      connection: 'close',
    });
    expect(engine.requests[0]?.headers['x-trailer']).toBeUndefined();
  });
});
