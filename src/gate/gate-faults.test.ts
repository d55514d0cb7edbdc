import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, ENGINE_MODEL, type FixtureOptions, NAME, openGate as open, until } from './testing/gate-fixture.ts';
import { RawClient } from './testing/raw-client.ts';

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

const STREAM = { model: NAME, prompt: 'x', stream: true };

describe('an engine that fails', () => {
  it('is a 502 when it is not there', async () => {
    const problems: string[] = [];
    const { post, engine, metric } = await openGate({ onProblem: (problem) => problems.push(problem) });
    await engine.close();

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({
      error: {
        message: `the engine of ${NAME} cannot be reached`,
        type: 'server_error',
        param: null,
        code: 'engine_unreachable',
      },
    });
    expect(problems).toEqual([`the engine of ${NAME} cannot be reached`]);
    expect(await metric('flexinfer_gate_requests_total', { outcome: 'engine_error' })).toBe(1);
  });

  it('is a 502 when it hangs up without an answer', async () => {
    const { post, engine } = await openGate();
    engine.behave = (_, response) => void response.destroy();

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect([answer.status, await codeOf(answer)]).toEqual([502, 'engine_failed']);
  });

  it('is a 502 when it hangs up in the middle of a small answer', async () => {
    const { post, engine } = await openGate();
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"model":', () => response.destroy());
    };

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect(answer.status).toBe(502);
  });

  it('is a cut connection, not a complete answer, in the middle of a large one', async () => {
    const { post, engine } = await openGate();
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`{"data":"${'x'.repeat(200_000)}`, () => response.destroy());
    };

    const answer = await post('/v1/embeddings', { input: 'x' });

    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow('terminated');
  });

  it('is an error event in the middle of a stream, after the last whole event', async () => {
    const { post, engine, metric } = await openGate();
    const [event = ''] = engine.events(false, false);
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${event}data: {"choices":[{"te`, () => response.destroy());
    };

    const answer = await post('/v1/completions', STREAM);

    const error = { message: `the engine of ${NAME} broke off its answer`, type: 'server_error' };
    const body = JSON.stringify({ error: { ...error, param: null, code: 'engine_failed' } });
    expect(await answer.text()).toBe(`${event.replace(ENGINE_MODEL, NAME)}data: ${body}\n\n`);
    expect(await metric('flexinfer_gate_requests_total', { outcome: 'engine_error' })).toBe(1);
    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(1);
  });

  it('is a last line with an error in the middle of NDJSON', async () => {
    const { post, engine } = await openGate({ model: { backend: 'ollama' } });
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"response":"a","done":false}\n{"resp', () => response.destroy());
    };

    const answer = await post('/api/generate', { model: NAME, prompt: 'x' });

    const lines = (await answer.text()).trim().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual([['response', 'done'], ['error']]);
  });

  it('is a 504 when it does not begin to answer in time', async () => {
    const { post, engine } = await openGate({ limits: { engineMs: 100 } });
    engine.behave = () => undefined;

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect([answer.status, await codeOf(answer)]).toEqual([504, 'engine_timeout']);
    await until(() => engine.abandoned === 1);
  });

  it('is an error event when it falls silent in the middle', async () => {
    const { post, engine } = await openGate({ limits: { engineMs: 100 } });
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': thinking\n\n');
    };

    const answer = await post('/v1/completions', STREAM);

    expect(await answer.text()).toContain('"code":"engine_timeout"');
    await until(() => engine.abandoned === 1);
  });

  it('is cut off when it sends an endless message', async () => {
    const { post, engine } = await openGate({ limits: { eventBytes: 1000 } });
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${'x'.repeat(5000)}`);
    };

    const answer = await post('/v1/completions', STREAM);

    expect(await answer.text()).toContain('a message of more than 1000 bytes');
    await until(() => engine.abandoned === 1);
  });

  it('is asked again when it is back', async () => {
    const { post, engine } = await openGate();
    const port = Number(new URL(engine.origin).port);
    await engine.close();
    expect((await post('/v1/completions', { prompt: 'x' })).status).toBe(502);

    await engine.listen(port);

    expect((await post('/v1/completions', { prompt: 'x' })).status).toBe(200);
  });
});

describe('a client that goes away', () => {
  it('frees the engine in the middle of a stream', async () => {
    const { post, engine, metric } = await openGate();
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(engine.events(false, false)[0]);
    };
    const answer = await post('/v1/completions', STREAM);
    const reader = answer.body?.getReader();
    await reader?.read();

    await reader?.cancel();

    await until(() => engine.abandoned === 1);
    await until(async () => (await metric('flexinfer_gate_requests_total', { outcome: 'cancelled' })) === 1);
    expect(await metric('flexinfer_gate_requests_in_flight', { model: NAME })).toBe(0);
    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(1);
  });

  it('frees the engine before it has answered', async () => {
    const { url, engine } = await openGate();
    engine.behave = () => undefined;
    const client = await RawClient.to(url);
    client.send('POST /v1/completions HTTP/1.1', 'Host: localhost', 'Content-Length: 2', '', '{}');
    await until(() => engine.requests.length === 1);

    client.destroy();

    await until(() => engine.abandoned === 1);
    expect(client.received).toBe('');
  });

  it('leaves the queue', async () => {
    const { url, engine, metric } = await openGate({ model: { maxConcurrent: 1 } });
    engine.behave = () => undefined;
    const clients = [await RawClient.to(url), await RawClient.to(url)];
    onTestFinished(() => clients.forEach((client) => client.destroy()));
    for (const client of clients) {
      client.send('POST /v1/completions HTTP/1.1', 'Host: localhost', 'Content-Length: 2', '', '{}');
    }
    await until(async () => (await metric('flexinfer_gate_requests_waiting', { model: NAME })) === 1);
    await until(() => engine.requests.length === 1);

    for (const client of clients) client.destroy();

    await until(async () => (await metric('flexinfer_gate_requests_waiting', { model: NAME })) === 0);
    await until(async () => (await metric('flexinfer_gate_requests_in_flight', { model: NAME })) === 0);
    expect(engine.requests.length).toBe(1);
  });

  it('is cut off when it does not read, so that it holds no place for ever', async () => {
    const { url, engine, metric } = await openGate({ limits: { clientStallMs: 50 } });
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = `data: ${'x'.repeat(100_000)}\n\n`;
      const more = () => {
        while (!response.destroyed && response.write(event));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const client = await RawClient.to(url);
    onTestFinished(() => client.destroy());
    client.pause();

    client.send('POST /v1/completions HTTP/1.1', 'Host: localhost', 'Content-Length: 2', '', '{}');

    await until(() => engine.abandoned === 1);
    await until(async () => (await metric('flexinfer_gate_requests_in_flight', { model: NAME })) === 0);
    expect(await metric('flexinfer_gate_requests_total', { outcome: 'cancelled' })).toBe(1);
  });
});
