import { describe, expect, it } from 'vitest';
import { commonFields, maxTokensField, messagesField, promptField } from './request-fields.ts';

describe('commonFields', () => {
  it('has llama.cpp’s defaults', () => {
    expect(commonFields({}, 7)).toEqual({
      sampling: { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05, seed: 7 },
      stops: [],
      stream: false,
      ignoreEndOfText: false,
      reusePrefix: true,
    });
  });

  it('takes what is given, and null for nothing', () => {
    const body = {
      temperature: 0,
      top_p: 1,
      seed: -1,
      stop: 'x',
      stream: true,
      ignore_eos: true,
      cache_prompt: false,
      top_k: null,
    };

    expect(commonFields(body, 7)).toMatchObject({
      sampling: { temperature: 0, topP: 1, topK: 40, seed: 4294967295 },
      stops: ['x'],
      stream: true,
      ignoreEndOfText: true,
      reusePrefix: false,
    });
  });

  it.each([
    [{ temperature: -1 }, 'temperature'],
    [{ temperature: '0' }, 'temperature'],
    [{ top_p: 2 }, 'top_p'],
    [{ top_k: 1.5 }, 'top_k'],
    [{ stop: [1] }, 'stop'],
    [{ stop: Array.from({ length: 17 }, () => 'x') }, 'stop'],
    [{ stream: 'yes' }, 'stream'],
    [{ n: 2 }, 'n'],
    [{ frequency_penalty: 0.5 }, 'frequency_penalty'],
    [{ tools: [{}] }, 'tools'],
    [{ logprobs: true }, 'logprobs'],
    [{ response_format: { type: 'json_object' } }, 'response_format'],
  ])('refuses %j and names the field', (body, param) => {
    expect(() => commonFields(body, 7)).toThrow(expect.objectContaining({ status: 400, param }));
  });

  it('takes fields that ask for nothing', () => {
    const body = {
      n: 1,
      tools: [],
      logprobs: false,
      presence_penalty: 0,
      response_format: { type: 'text' },
      user: 'me',
    };

    expect(commonFields(body, 7).stream).toBe(false);
  });
});

describe('maxTokensField', () => {
  it('takes the first name that is there, and -1 for no limit', () => {
    expect(maxTokensField({ b: 2 }, 'a', 'b')).toBe(2);
    expect(maxTokensField({ a: 1, b: 2 }, 'a', 'b')).toBe(1);
    expect(maxTokensField({ a: -1, b: 2 }, 'a', 'b')).toBeUndefined();
    expect(maxTokensField({}, 'a', 'b')).toBeUndefined();
    expect(() => maxTokensField({ a: 1.5 }, 'a')).toThrow('whole number');
  });
});

describe('promptField', () => {
  it('takes a text, ids, and a list with one of them', () => {
    expect(promptField({ prompt: 'a' })).toBe('a');
    expect(promptField({ prompt: [1, 2] })).toEqual([1, 2]);
    expect(promptField({ prompt: ['a'] })).toBe('a');
    expect(promptField({ prompt: [[1, 2]] })).toEqual([1, 2]);
  });

  it.each([undefined, null, 7, ['a', 'b'], [1, 'a'], [1.5], [-1]])('refuses %j', (prompt) => {
    expect(() => promptField({ prompt })).toThrow('prompt must be');
  });
});

describe('messagesField', () => {
  it('takes texts and lists of text parts', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];

    expect(
      messagesField({
        messages: [
          { role: 'user', content: parts },
          { role: 'assistant', content: 'c' },
        ],
      }),
    ).toEqual([
      { role: 'user', content: 'ab' },
      { role: 'assistant', content: 'c' },
    ]);
  });

  it.each([
    [undefined],
    [[]],
    ['hello'],
    [[{ role: 'user' }]],
    [[{ content: 'x' }]],
    [['x']],
    [[{ role: 'user', content: [{ type: 'image_url' }] }]],
  ])('refuses %j', (messages) => {
    expect(() => messagesField({ messages })).toThrow(expect.objectContaining({ status: 400 }));
  });
});
