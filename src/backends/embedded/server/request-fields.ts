import { isJsonObject, type JsonObject } from '../../json-value.ts';
import type { ChatMessage } from './chat-prompt.ts';
import type { Sampling } from './node-llama.ts';
import { RequestError } from './request-error.ts';

const MAX_TOKENS = 1_000_000;

/** Fields that change the answer and that this engine does not have: better refused than ignored. */
const UNSUPPORTED = ['tools', 'functions', 'logprobs', 'top_logprobs', 'logit_bias', 'suffix', 'echo', 'grammar'];
/** Fields that are fine as long as they ask for nothing. */
const NEUTRAL: Readonly<Record<string, unknown>> = { n: 1, best_of: 1, presence_penalty: 0, frequency_penalty: 0 };

/** What all generating requests have in common. */
export interface CommonFields {
  readonly sampling: Sampling;
  readonly stops: readonly string[];
  readonly stream: boolean;
  readonly ignoreEndOfText: boolean;
  readonly reusePrefix: boolean;
}

/** @param randomSeed used when the request names none */
export function commonFields(body: JsonObject, randomSeed: number): CommonFields {
  for (const name of UNSUPPORTED) {
    const value = body[name];
    if (value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)) {
      throw new RequestError(400, 'unsupported_field', `the embedded engine does not support ${name}`, name);
    }
  }
  for (const [name, neutral] of Object.entries(NEUTRAL)) {
    if (body[name] !== undefined && body[name] !== null && body[name] !== neutral) {
      const what = `the embedded engine supports ${name} only as ${JSON.stringify(neutral)}`;
      throw new RequestError(400, 'unsupported_field', what, name);
    }
  }
  const format = body['response_format'];
  if (isJsonObject(format) && format['type'] !== 'text') {
    throw new RequestError(
      400,
      'unsupported_field',
      'the embedded engine answers in plain text only',
      'response_format',
    );
  }
  return {
    sampling: {
      temperature: numberField(body, 'temperature', 0, 100) ?? 0.8,
      topK: wholeField(body, 'top_k', 0, 1_000_000) ?? 40,
      topP: numberField(body, 'top_p', 0, 1) ?? 0.95,
      minP: numberField(body, 'min_p', 0, 1) ?? 0.05,
      seed: (wholeField(body, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? randomSeed) >>> 0,
    },
    stops: stopField(body['stop']),
    stream: booleanField(body, 'stream') ?? false,
    ignoreEndOfText: booleanField(body, 'ignore_eos') ?? false,
    reusePrefix: booleanField(body, 'cache_prompt') ?? true,
  };
}

export function maxTokensField(body: JsonObject, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = wholeField(body, name, -1, MAX_TOKENS);
    if (value !== undefined) {
      // llama.cpp's way to say "without limit".
      return value === -1 ? undefined : value;
    }
  }
  return undefined;
}

/** A prompt is one text or one list of token ids; a list with a single one of those is taken as well. */
export function promptField(body: JsonObject): string | readonly number[] {
  const prompt = body['prompt'];
  const single: unknown =
    Array.isArray(prompt) && prompt.length === 1 && typeof prompt[0] !== 'number' ? prompt[0] : prompt;
  if (typeof single === 'string') {
    return single;
  }
  const ids = Array.isArray(single) ? single.filter((id): id is number => Number.isSafeInteger(id) && id >= 0) : [];
  if (!Array.isArray(single) || ids.length !== single.length) {
    throw new RequestError(400, 'invalid_field', 'prompt must be one text or one list of token ids', 'prompt');
  }
  return ids;
}

export function messagesField(body: JsonObject): readonly ChatMessage[] {
  const messages = body['messages'];
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new RequestError(400, 'invalid_field', 'messages must be a list with at least one message', 'messages');
  }
  return messages.map((message: unknown, index) => {
    const role = isJsonObject(message) ? message['role'] : undefined;
    const content = isJsonObject(message) ? contentText(message['content']) : undefined;
    if (typeof role !== 'string' || content === undefined) {
      const what = `messages[${index}] must have a role and a content of text`;
      throw new RequestError(400, 'invalid_field', what, `messages[${index}]`);
    }
    return { role, content };
  });
}

function contentText(content: unknown): string | undefined {
  if (typeof content === 'string') {
    return content;
  }
  if (!Array.isArray(content)) {
    return undefined;
  }
  const parts = content.map((part: unknown) =>
    isJsonObject(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? part['text'] : undefined,
  );
  return parts.includes(undefined) ? undefined : parts.join('');
}

function stopField(stop: unknown): readonly string[] {
  const list: readonly unknown[] = stop === undefined || stop === null ? [] : Array.isArray(stop) ? stop : [stop];
  const texts = list.filter((each) => typeof each === 'string');
  if (texts.length !== list.length || texts.length > 16) {
    throw new RequestError(400, 'invalid_field', 'stop must be a text or a list of at most 16 texts', 'stop');
  }
  return texts;
}

function numberField(body: JsonObject, name: string, low: number, high: number): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'number' || !(value >= low && value <= high)) {
    throw new RequestError(400, 'invalid_field', `${name} must be a number from ${low} to ${high}`, name);
  }
  return value;
}

function wholeField(body: JsonObject, name: string, low: number, high: number): number | undefined {
  const value = numberField(body, name, low, high);
  if (value !== undefined && !Number.isInteger(value)) {
    throw new RequestError(400, 'invalid_field', `${name} must be a whole number`, name);
  }
  return value;
}

function booleanField(body: JsonObject, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== 'boolean') {
    throw new RequestError(400, 'invalid_field', `${name} must be true or false`, name);
  }
  return value;
}
