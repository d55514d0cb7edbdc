import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, type FixtureOptions, NAME, openGate as open, until } from './testing/gate-fixture.ts';

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

describe('readiness', () => {
  it('comes with the word of the owner and goes with it', async () => {
    const { gate, get, post, engine } = await openGate({ notReady: true });
    const before = await get('/readyz');
    const refused = await post('/v1/completions', { prompt: 'x' });

    gate.markReady(NAME);
    const after = await get('/readyz');
    gate.setReady(NAME, false);

    expect([before.status, after.status, (await get('/readyz')).status]).toEqual([503, 200, 503]);
    expect(await after.json()).toEqual({ ready: true, draining: false, models: [{ name: NAME, ready: true }] });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await codeOf(refused)).toBe('model_not_ready');
    expect(engine.requests).toEqual([]);
  });

  it('comes with one real answer of the engine when the gate is to find out itself', async () => {
    const { get, engine } = await openGate({ notReady: true, model: { probe: true } });

    await until(async () => (await get('/readyz')).status === 200);

    expect(engine.requests[0]).toMatchObject({ method: 'POST', path: '/v1/completions' });
    expect(JSON.parse(engine.requests[0]?.body ?? '')).toMatchObject({ max_tokens: 1 });
  });

  it('comes with an embedding from an engine that generates no text', async () => {
    const model = { probe: true };
    const { get, engine } = await openGate({ notReady: true, model });
    engine.behave = (request, response) => {
      if (request.path === '/v1/embeddings') return engine.answer(request, response);
      response.writeHead(501).end();
    };

    await until(async () => (await get('/readyz')).status === 200);

    expect(engine.requests.at(-1)?.path).toBe('/v1/embeddings');
  });

  it('goes when the engine is found gone, and comes back with it', async () => {
    const { get, post, engine } = await openGate({ notReady: true, model: { probe: true } });
    await until(async () => (await get('/readyz')).status === 200);
    const port = Number(new URL(engine.origin).port);
    await engine.close();

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect(answer.status).toBe(502);
    expect((await get('/readyz')).status).toBe(503);
    await engine.listen(port);
    await until(async () => (await get('/readyz')).status === 200);
  });

  it('goes when the engine dies in the middle of an answer', async () => {
    const { get, post, engine } = await openGate({ notReady: true, model: { probe: true } });
    await until(async () => (await get('/readyz')).status === 200);
    let alive = true;
    engine.behave = (_, response) => {
      if (!alive) {
        response.destroy();
        return;
      }
      alive = false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': thinking\n\n', () => response.socket?.resetAndDestroy());
    };

    const answer = await post('/v1/completions', { prompt: 'x', stream: true });

    expect(await answer.text()).toContain('"code":"engine_failed"');
    expect((await get('/readyz')).status).toBe(503);
  });

  it('says nothing about health: the gate lives', async () => {
    const { get } = await openGate({ notReady: true });

    const answer = await get('/healthz');

    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
  });
});

describe('the end of a gate', () => {
  /** A stream of which the first event was sent and the rest is up to the test. */
  async function openStream(options?: FixtureOptions) {
    const fixture = await openGate(options);
    let finish: () => void = () => undefined;
    fixture.engine.behave = (_, response) => {
      const [first, ...rest] = fixture.engine.events(false, false);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(first);
      finish = () => void response.end(rest.join(''));
    };
    const answer = await fixture.post('/v1/completions', { prompt: 'x', stream: true });
    return { ...fixture, answer, finish: () => finish() };
  }

  it('lets running answers finish and refuses new questions', async () => {
    const { gate, get, post, answer, finish } = await openStream();

    const closed = gate.close({ graceMs: 60_000 });
    const refused = await post('/v1/completions', { prompt: 'x' });
    const ready = await get('/readyz');
    finish();

    expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false, draining: true });
    expect(await answer.text()).toContain('[DONE]');
    await closed;
    await expect(get('/healthz')).rejects.toThrow('fetch failed');
  });

  it('cuts off what takes longer than the grace, and says so', async () => {
    const { gate, answer, engine } = await openStream();

    await gate.close({ graceMs: 20 });

    expect(await answer.text()).toContain('"code":"shutting_down"');
    await until(() => engine.abandoned === 1);
  });

  it('refuses those who wait and those not yet answered when the grace is over', async () => {
    const { gate, post, engine, metric } = await openGate({ model: { maxConcurrent: 1 } });
    engine.behave = () => undefined;
    const answers = [post('/v1/completions', {}), post('/v1/completions', {})];
    await until(async () => (await metric('flexinfer_gate_requests_waiting', { model: NAME })) === 1);

    await gate.close({ graceMs: 20 });

    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([503, 503]);
    expect(engine.requests.length).toBe(1);
  });

  it('can be prepared by draining, with the gate still there to say no', async () => {
    const { gate, get, post } = await openGate();

    await gate.drain({ graceMs: 1000 });

    expect((await post('/v1/completions', {})).status).toBe(503);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('comes once, however often it is asked for', async () => {
    const { gate } = await openGate();

    await Promise.all([gate.close(), gate.close()]);

    await expect(gate.close()).resolves.toBeUndefined();
  });

  it('takes the series of its models off the page', async () => {
    const { gate, metric } = await openGate();
    expect(await metric('flexinfer_gate_requests_in_flight', { model: NAME })).toBe(0);

    await gate.close();

    expect(await metric('flexinfer_gate_requests_in_flight', { model: NAME })).toBeUndefined();
  });
});
