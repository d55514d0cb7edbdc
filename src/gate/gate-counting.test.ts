import { describe, expect, it, onTestFinished } from 'vitest';
import { FAKE_PIECES } from './testing/fake-engine.ts';
import { type FixtureOptions, NAME, openGate as open, until } from './testing/gate-fixture.ts';

/** A clock that goes only when the test says so. */
function clockAt(startMs: number) {
  let now = startMs;
  return {
    clock: { monotonicMs: () => now, wallMs: () => now },
    advance: (ms: number) => {
      now += ms;
    },
  };
}

async function openGate(options?: FixtureOptions) {
  const fixture = await open(options);
  onTestFinished(() => fixture.close());
  return fixture;
}

const TOKENS = FAKE_PIECES.length;

describe('tokens', () => {
  it.each([
    ['of a whole answer by its usage', { prompt: 'x' }, 'usage'],
    ['of a stream by its pieces', { prompt: 'x', stream: true }, 'chunks'],
    ['of a stream with usage by it', { prompt: 'x', stream: true, stream_options: { include_usage: true } }, 'usage'],
  ])('are counted: %s', async (_, body, source) => {
    const { post, get, metric } = await openGate();

    await (await post('/v1/completions', body)).text();

    expect(await metric('flexinfer_gate_tokens_total', { model: NAME, backend: 'llamacpp', node: 'node-1' })).toBe(
      TOKENS,
    );
    expect(await metric('flexinfer_gate_token_source_info', { model: NAME, source })).toBe(1);
    expect(await (await get('/readyz')).json()).toMatchObject({ models: [{ tokenSource: source }] });
  });

  it("are counted by the engine's own words where the answer has them", async () => {
    const { post, metric } = await openGate();

    await (await post('/completion', { prompt: 'x' })).text();

    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(TOKENS);
    expect(await metric('flexinfer_gate_token_source_info', { model: NAME, source: 'engine' })).toBe(1);
    expect(await metric('flexinfer_gate_token_source_info', { model: NAME, source: 'usage' })).toBeUndefined();
  });

  it('are not counted for embeddings', async () => {
    const { post, metric } = await openGate();

    await (await post('/v1/embeddings', { input: 'x' })).text();

    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(0);
    expect(await metric('flexinfer_gate_requests_total', { outcome: 'ok' })).toBe(1);
  });

  it('carry the label the owner chose', async () => {
    const { metric } = await openGate({ model: { label: 'default/smollm2' } });

    expect(await metric('flexinfer_gate_tokens_total', { model: 'default/smollm2' })).toBe(0);
  });

  it('that only the engine knows of are counted by its counter', async () => {
    let generated = 1_000;
    const { metric } = await openGate({
      sampleMs: 5,
      model: { counters: async () => ({ generatedTokens: generated }) },
    });
    await until(async () => (await metric('flexinfer_gate_token_source_info', { source: 'engine' })) === 1);
    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(0);

    generated += 30;

    await until(async () => (await metric('flexinfer_gate_tokens_total', { model: NAME })) === 30);
  });

  it('are counted once when the engine is slow to tell', async () => {
    let asked = 0;
    let answer: (tokens: number) => void = () => undefined;
    const { metric } = await openGate({
      sampleMs: 2,
      model: {
        counters: () => {
          asked += 1;
          return new Promise((resolve) => {
            answer = (generatedTokens) => resolve({ generatedTokens });
          });
        },
      },
    });
    const tell = async (tokens: number) => {
      const before = asked;
      answer(tokens);
      await until(() => asked > before);
    };
    await until(() => asked === 1);
    const start = performance.now();
    await until(() => performance.now() > start + 20);
    expect(asked).toBe(1);

    for (const tokens of [100, 110, 110, 125]) await tell(tokens);

    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(25);
  });

  it('are counted from answers while the counter of the engine fails', async () => {
    let asked = 0;
    const { post, metric } = await openGate({
      sampleMs: 5,
      model: {
        counters: async () => {
          asked += 1;
          throw new Error('no metrics here');
        },
      },
    });
    await (await post('/v1/completions', { prompt: 'x' })).text();

    await until(() => asked > 1);

    expect(await metric('flexinfer_gate_tokens_total', { model: NAME })).toBe(TOKENS);
    expect(await metric('flexinfer_gate_token_source_info', { source: 'usage' })).toBe(1);
  });
});

describe('the live rate', () => {
  /** A gate whose samples are 5 s apart on its own clock. */
  async function openMeasured(options?: FixtureOptions) {
    const { clock, advance } = clockAt(1_000);
    const fixture = await openGate({ clock, sampleMs: 1_000_000, ...options });
    return { ...fixture, advance };
  }

  it('is absent until half a minute is known, then the average, then zero when nothing is made', async () => {
    const { clock, advance } = clockAt(1_000);
    let samples = 0;
    let hold = false;
    const { gate, post, metric } = await openGate({
      sampleMs: 2,
      clock,
      model: {
        counters: async () => {
          samples += 1;
          if (!hold) advance(5_000);
          return undefined;
        },
      },
    });
    expect(await metric('flexinfer_tokens_per_second', { model: NAME })).toBeUndefined();

    await (await post('/v1/completions', { prompt: 'x' })).text();
    await until(() => gate.liveRate(NAME) !== undefined);
    const first = gate.liveRate(NAME);
    const seen = samples;
    await until(() => samples > seen + 14);
    hold = true;

    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThanOrEqual(TOKENS / 5);
    expect(gate.liveRate(NAME)).toBe(0);
    expect(await metric('flexinfer_tokens_per_second', { model: NAME, backend: 'llamacpp', node: 'node-1' })).toBe(0);
  });

  it('is absent while the model is not ready, not zero', async () => {
    const { gate, metric, advance } = await openMeasured();

    gate.setReady(NAME, false);
    advance(60_000);

    expect(gate.liveRate(NAME)).toBeUndefined();
    expect(await metric('flexinfer_tokens_per_second', { model: NAME })).toBeUndefined();
  });
});
