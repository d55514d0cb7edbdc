import { describe, expect, it } from 'vitest';
import { AnswerCount } from './token-count.ts';

function counted(...messages: unknown[]): AnswerCount {
  const count = new AnswerCount();
  for (const message of messages) count.addMessage(message);
  return count;
}

function delta(content: unknown): unknown {
  return { choices: [{ index: 0, delta: { content } }] };
}

describe('the count of an answer', () => {
  it.each([
    ['a chat', { choices: [{ delta: { content: 'a' } }] }],
    ['a completion', { choices: [{ text: 'a', index: 0 }] }],
    ['reasoning', { choices: [{ delta: { reasoning_content: 'a', content: null } }] }],
    ['a tool call', { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{' } }] } }] }],
    ['llama.cpp', { index: 0, content: 'a', stop: false }],
    ['Ollama, generate', { model: 'm', response: 'a', done: false }],
    ['Ollama, chat', { model: 'm', message: { role: 'assistant', content: 'a' }, done: false }],
    ['Ollama, thinking', { model: 'm', message: { role: 'assistant', content: '', thinking: 'a' }, done: false }],
    ['the Responses API', { type: 'response.output_text.delta', delta: 'a' }],
    ['the Messages API', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } }],
    ['text-generation-inference', { index: 1, token: { id: 5, text: 'a' } }],
  ])('counts a piece of text in the form of %s', (_, message) => {
    const count = counted(message);

    expect([count.tokens, count.source]).toEqual([1, 'chunks']);
  });

  it.each([
    ['a role without text', delta('')],
    ['the first chunk of llama.cpp', { choices: [{ delta: { role: 'assistant', content: null } }] }],
    ['an end', { choices: [{ delta: {}, finish_reason: 'stop' }] }],
    ['the start of a message', { type: 'message_start', message: { content: [], usage: { output_tokens: 0 } } }],
    ['an error', { error: { message: 'no' } }],
    ['no JSON', undefined],
    ['a bare value', 'text'],
    ['an array', [delta('a')]],
  ])('does not count %s', (_, message) => {
    expect(counted(message).tokens).toBe(0);
  });

  it('counts a piece for every choice that has one', () => {
    const message = { choices: [{ text: 'a' }, { text: '' }, { text: 'b' }] };

    expect(counted(message).tokens).toBe(2);
  });

  it('believes usage more than pieces, and the engine more than usage', () => {
    const usage = { choices: [], usage: { completion_tokens: 7 } };
    const timings = { choices: [{ delta: {} }], timings: { predicted_n: 8 } };

    expect(counted(delta('a'), usage).tokens).toBe(7);
    expect(counted(delta('a'), usage).source).toBe('usage');
    expect(counted(delta('a'), timings, usage).tokens).toBe(8);
    expect(counted(delta('a'), timings, usage).source).toBe('engine');
  });

  it('reads the totals of Ollama, llama.cpp and the newer APIs', () => {
    expect(counted({ response: '', done: true, eval_count: 5 }).tokens).toBe(5);
    expect(counted({ content: 'a', tokens_predicted: 6 }).tokens).toBe(6);
    expect(counted({ type: 'response.completed', response: { usage: { output_tokens: 7 } } }).tokens).toBe(7);
    expect(counted({ type: 'message_delta', usage: { output_tokens: 8 } }).tokens).toBe(8);
  });

  it('is not taken in by a usage of zeros in every piece', () => {
    const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    const piece = { choices: [{ text: 'a' }], usage: zeros };

    expect(counted(piece, piece)).toMatchObject({ tokens: 2, source: 'chunks' });
    expect(counted(piece, piece, { choices: [], usage: { completion_tokens: 2 } }).source).toBe('usage');
  });

  it.each([-1, 1.5, Number.NaN, '7', null, Number.MAX_VALUE])('ignores a total of %s', (total) => {
    expect(counted(delta('a'), { choices: [], usage: { completion_tokens: total } }).tokens).toBe(1);
  });

  it('knows the difference between no tokens and an unknown number', () => {
    expect(counted({ choices: [] }).source).toBeUndefined();
    expect(counted({ choices: [], usage: { completion_tokens: 0 } }).source).toBe('usage');
  });
});
