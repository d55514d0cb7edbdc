import { describe, expect, it } from 'vitest';
import { chatTokens, textTokens } from './chat-prompt.ts';
import type { Jinja, LlamaModel } from './node-llama.ts';

/** A stand-in for a model: one token per character, 1 begins a text. */
function modelWith(shouldPrependBosToken: boolean, template?: unknown): LlamaModel {
  return {
    tokens: { bos: 1, bosString: '\u0001', eosString: '\u0002', shouldPrependBosToken },
    fileInfo: { metadata: { tokenizer: { chat_template: template } } },
    trainContextSize: 0,
    tokenize: (text) => Array.from(text, (character) => character.codePointAt(0) ?? 0),
    detokenize: (tokens) => String.fromCodePoint(...tokens),
    isEogToken: () => false,
    iterateAllTokens: () => [],
    createContext: () => Promise.reject(new Error('no context here')),
  };
}

/** A stand-in for the template engine: shows the template and what it was given. */
const jinja: Jinja = {
  Template: class {
    readonly #template: string;
    constructor(template: string) {
      this.#template = template;
    }
    render(values: Record<string, unknown>): string {
      if (this.#template === 'refuses') {
        throw new Error('no system messages');
      }
      return `${this.#template} ${JSON.stringify(values)}`;
    }
  },
};

const text = (tokens: readonly number[]): string => String.fromCodePoint(...tokens);

describe('textTokens', () => {
  it('begins with the token for the beginning where the model wants one, and never twice', () => {
    expect(textTokens(modelWith(true), 'a')).toEqual([1, 97]);
    expect(textTokens(modelWith(true), '\u0001a')).toEqual([1, 97]);
    expect(textTokens(modelWith(false), 'a')).toEqual([97]);
  });
});

describe('chatTokens', () => {
  const messages = [{ role: 'user', content: 'hi' }];

  it('uses the model’s own template and its names for beginning and end', () => {
    const tokens = chatTokens(modelWith(false, 'mine'), jinja, messages);

    const values = { messages, add_generation_prompt: true, bos_token: '\u0001', eos_token: '\u0002' };
    expect(text(tokens)).toBe(`mine ${JSON.stringify(values)}`);
  });

  it.each([undefined, '', 7])('falls back to a common template when the model has none (%j)', (template) => {
    expect(text(chatTokens(modelWith(false, template), jinja, messages))).toContain('<|im_start|>');
  });

  it('makes a refusal of the template the fault of the request', () => {
    expect(() => chatTokens(modelWith(false, 'refuses'), jinja, messages)).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining('no system messages') }),
    );
  });
});
