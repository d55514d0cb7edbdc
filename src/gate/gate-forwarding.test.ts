import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeEngine } from './testing/fake-engine.ts';
import { ENGINE_MODEL, type FixtureOptions, NAME, openGate as open } from './testing/gate-fixture.ts';

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

const QUESTION = { model: NAME, messages: [{ role: 'user', content: 'Grüße 😀' }] };

describe('a gate before one engine', () => {
  it('passes a question on with only the model renamed, byte for byte', async () => {
    const { post, engine } = await openGate();
    const body = `{ "model" : "${NAME}", "temperature": 0.70, "n":1e0,"messages":[{"content":"Gr\u00fc\\u00dfe"}]}\n`;

    const answer = await post('/v1/chat/completions', body);

    expect(answer.status).toBe(200);
    expect(engine.requests.map((each) => each.body)).toEqual([body.replace(NAME, ENGINE_MODEL)]);
  });

  it('gives the answer back under the name that was asked for', async () => {
    const { post, engine } = await openGate();

    const answer = await post('/v1/chat/completions', QUESTION);

    expect(await answer.text()).toBe(JSON.stringify(engine.whole(true)).replace(ENGINE_MODEL, NAME));
    expect(answer.headers.get('content-length')).not.toBeNull();
  });

  it('streams the same events under the name that was asked for', async () => {
    const { post, engine } = await openGate();

    const answer = await post('/v1/completions', { model: NAME, prompt: 'x', stream: true });

    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(engine.events(false, false).join('').replaceAll(ENGINE_MODEL, NAME));
  });

  it('passes each event on as soon as it is whole', async () => {
    const { post, engine } = await openGate();
    let next: () => void = () => undefined;
    engine.behave = async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of engine.events(true, false)) {
        const bytes = Buffer.from(event);
        response.write(bytes.subarray(0, bytes.length - 1));
        response.write(bytes.subarray(bytes.length - 1));
        await new Promise<void>((resolve) => {
          next = resolve;
        });
      }
      response.end();
    };

    const answer = await post('/v1/chat/completions', { ...QUESTION, stream: true });
    const events: string[] = [];
    for await (const bytes of answer.body ?? []) {
      events.push(Buffer.from(bytes).toString());
      next();
    }

    expect(events).toEqual(engine.events(true, false).map((event) => event.replace(ENGINE_MODEL, NAME)));
  });

  it('takes a question without a model for one to its only model', async () => {
    const { post, engine } = await openGate();

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect(answer.status).toBe(200);
    expect(engine.requests[0]?.body).toBe(`{"model":"${ENGINE_MODEL}","prompt":"x"}`);
  });

  it('does not know another model, and names what there is', async () => {
    const { post, engine } = await openGate();

    const answer = await post('/v1/completions', { model: 'gpt-4', prompt: 'x' });

    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: {
        message: `there is no model "gpt-4" here; there is ${NAME}`,
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    });
    expect(engine.requests).toEqual([]);
  });

  it("passes the engine's own paths on, and only those that change nothing", async () => {
    const { post, get, engine } = await openGate();

    const native = await post('/completion', '{"prompt":"x"}');
    const props = await get('/props');
    const slots = await get('/slots');

    expect(await native.json()).toMatchObject({ model: NAME });
    expect(await props.json()).toMatchObject({ total_slots: 1 });
    expect(slots.status).toBe(404);
    expect(engine.requests.map((each) => [each.path, each.body])).toEqual([
      ['/completion', '{"prompt":"x"}'],
      ['/props', ''],
    ]);
  });

  it('keeps the query of a path', async () => {
    const { post, engine } = await openGate();

    await post('/v1/completions?a=1&b=../x', { prompt: 'x' });

    expect(engine.requests[0]?.path).toBe('/v1/completions?a=1&b=../x');
  });

  it('passes the errors of the engine on', async () => {
    const { post, engine } = await openGate();
    engine.behave = (_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"too long"}}');
    };

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect([answer.status, await answer.json()]).toEqual([400, { error: { message: 'too long' } }]);
  });

  it('passes bodies that are no JSON to its only model', async () => {
    const { url, engine } = await openGate();
    engine.behave = (_, response) => {
      response.end('heard');
    };
    const form = new FormData();
    form.set('file', new Blob(['sound']));

    const answer = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', body: form });

    expect(await answer.text()).toBe('heard');
    expect(engine.requests[0]?.body).toContain('sound');
  });

  it('refuses a body in an encoding that hides the model', async () => {
    const { post } = await openGate();

    const answer = await post('/v1/completions', 'x', { 'content-encoding': 'gzip' });

    expect(answer.status).toBe(415);
  });

  it('lists its models by itself', async () => {
    const { get, engine } = await openGate({ clock: { monotonicMs: () => 0, wallMs: () => 1_700_000_000_500 } });
    const entry = { id: NAME, object: 'model', created: 1_700_000_000, owned_by: 'flexinfer' };

    expect(await (await get('/v1/models')).json()).toEqual({ object: 'list', data: [entry] });
    expect(await (await get(`/v1/models/${NAME}`)).json()).toEqual(entry);
    expect((await get('/v1/models/other')).status).toBe(404);
    expect(engine.requests).toEqual([]);
  });

  it('passes a large answer on without holding it back', async () => {
    const { post, engine } = await openGate();
    const data = JSON.stringify({ model: ENGINE_MODEL, data: 'x'.repeat(3_000_000) });
    engine.behave = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(data);
    };

    const answer = await post('/v1/embeddings', { input: 'x' });

    expect(await answer.text()).toBe(data.replace(ENGINE_MODEL, NAME));
    expect(answer.headers.get('content-length')).toBeNull();
  });

  it('asks an engine for the usage of a stream where it can take the answer out again', async () => {
    const { post, engine, metric } = await openGate({ model: { backend: 'ollama' } });

    const answer = await post('/v1/chat/completions', { ...QUESTION, stream: true });

    expect(await answer.text()).toBe(engine.events(true, false).join('').replaceAll(ENGINE_MODEL, NAME));
    expect(engine.requests[0]?.body).toContain('"stream_options":{"include_usage":true}');
    expect(await metric('flexinfer_gate_token_source_info', { source: 'usage' })).toBe(1);
  });

  it('leaves the usage in when the client asked for it', async () => {
    const { post, engine } = await openGate({ model: { backend: 'ollama' } });
    const body = { ...QUESTION, stream: true, stream_options: { include_usage: true } };

    const answer = await post('/v1/chat/completions', body);

    expect(await answer.text()).toBe(engine.events(true, true).join('').replaceAll(ENGINE_MODEL, NAME));
  });
});

describe('a gate before several engines', () => {
  async function openTwo() {
    const other = await new FakeEngine('other-engine').listen();
    return { other, ...(await openGate({ others: { tiny: other } })) };
  }

  it('asks the engine of the model that is named', async () => {
    const { post, engine, other } = await openTwo();

    const answer = await post('/v1/completions', { model: 'tiny', prompt: 'x' });

    expect(await answer.json()).toMatchObject({ model: 'tiny' });
    expect([engine.requests.length, other.requests.length]).toEqual([0, 1]);
  });

  it('does not guess when no model is named', async () => {
    const { post, get } = await openTwo();

    const answer = await post('/v1/completions', { prompt: 'x' });

    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain(`must name one of ${NAME}, tiny`);
    expect((await get('/props')).status).toBe(404);
  });

  it('lists all models', async () => {
    const { get } = await openTwo();

    const { data } = (await (await get('/v1/models')).json()) as { data: { id: string }[] };

    expect(data.map(({ id }) => id)).toEqual([NAME, 'tiny']);
  });

  it('shows the routes it was given before everything else', async () => {
    const { get } = await openGate({
      extraRoutes: [
        { path: '/', handle: (_, response) => void response.end('page') },
        { path: '/api/v1/*', handle: (request, response) => void response.end(request.url) },
      ],
    });

    expect(await (await get('/')).text()).toBe('page');
    expect(await (await get('/api/v1/fleet?x=1')).text()).toBe('/api/v1/fleet?x=1');
    expect((await get('/api/v2/fleet')).status).toBe(404);
  });
});

describe('starting a gate', () => {
  it('says which port is taken and what to do', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void squatter.close());
    await new Promise((resolve) => squatter.once('listening', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    await expect(open({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `port ${port} of 127.0.0.1 is taken by another program`,
      todo: expect.stringContaining('--port'),
    });
  });

  it.each([
    ['an engine address with a path', { engineOrigin: 'http://127.0.0.1:1/v1' }],
    ['an engine address that is none', { engineOrigin: '127.0.0.1' }],
    ['no place at all', { maxConcurrent: 0 }],
  ])('refuses %s', async (_, model) => {
    await expect(open({ model })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it.each(['', 'two words', 'nàïve'])('refuses the API key %j', async (apiKey) => {
    await expect(open({ apiKey })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
