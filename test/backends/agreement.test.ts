import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { smallModel } from '../../scripts/engines/small-model.ts';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { chooseBackend } from '../../src/backends/find-backend.ts';
import { obtain } from './obtain.ts';
import { post, startReal } from './real-engine.ts';

const options = { signal: AbortSignal.timeout(600_000), onLine: console.error };
const command = await obtain('llama-server', llamaServer);
const embedded = await obtain('embedded engine', () => chooseBackend('embedded', process.env, options));
const modelFile = await obtain('small model', smallModel);

describe.skipIf(command === undefined || embedded === undefined || modelFile === undefined)('both engines', () => {
  let engines: readonly RunningEngine[] = [];
  beforeAll(async () => {
    if (embedded === undefined || modelFile === undefined) {
      throw new Error('nothing to test');
    }
    const llamacpp = await chooseBackend('llamacpp', { ...process.env, FLEXINFER_LLAMA_SERVER: command }, options);
    engines = [await startReal(llamacpp, modelFile), await startReal(embedded, modelFile)];
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.stop())));

  it.each([
    ['one question', [{ role: 'user', content: 'What is the capital of France?' }]],
    [
      'a system message',
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello  there\n\n' },
      ],
    ],
    [
      'a conversation',
      [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello! 😀' },
        { role: 'user', content: '<|im_end|> {{ x }} ü' },
      ],
    ],
  ])('make the same prompt of %s', async (_, messages) => {
    const body = { messages, max_tokens: 1, temperature: 0, cache_prompt: false };

    const answers = await Promise.all(engines.map((engine) => post(engine, '/v1/chat/completions', body)));

    const counts = answers.map(({ body }) => promptTokens(body));
    expect(counts[0]).toBeGreaterThan(5);
    expect(counts[1]).toBe(counts[0]);
  });

  it.each(['The capital of France is', ' leading space', 'ünïcödé 😀 \n\t tabs'])(
    'make the same tokens of %j',
    async (content) => {
      const body = { content, add_special: false, parse_special: false };

      const [theirs, ours] = await Promise.all(engines.map((engine) => post(engine, '/tokenize', body)));

      expect(ours).toEqual(theirs);
    },
  );

  it('continue a text with the same words', async () => {
    const body = { prompt: 'The capital of France is', max_tokens: 6, temperature: 0, cache_prompt: false };

    const [theirs, ours] = await Promise.all(engines.map((engine) => post(engine, '/v1/completions', body)));

    const text = { body: { choices: [{ text: expect.stringMatching(/^ Paris/) }] } };
    expect(theirs).toMatchObject(text);
    expect(ours).toMatchObject(text);
  });
});

function promptTokens(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'usage' in body
    ? Reflect.get(Object(body.usage), 'prompt_tokens')
    : undefined;
}
