/** What a count of tokens rests on, best first. */
export const TOKEN_SOURCES = ['engine', 'usage', 'chunks'] as const;
export type TokenSource = (typeof TOKEN_SOURCES)[number];

/**
 * Counts the tokens of one answer while it arrives: the engine's own count where the answer carries one (llama.cpp's
 * `timings`, Ollama's `eval_count`), else the `usage` field, else the pieces of text.
 */
export class AnswerCount {
  #chunks = 0;
  #usage: number | undefined;
  #engine: number | undefined;

  get tokens(): number {
    return this.#engine ?? this.#usage ?? this.#chunks;
  }

  /** `undefined` while nothing was counted. */
  get source(): TokenSource | undefined {
    if (this.#engine !== undefined) return 'engine';
    if (this.#usage !== undefined) return 'usage';
    return this.#chunks > 0 ? 'chunks' : undefined;
  }

  /** One parsed message of a stream. */
  addMessage(message: unknown): void {
    if (!isRecord(message)) return;
    this.#chunks += piecesOfText(message);
    this.addTotals(message);
  }

  /** What a message or a whole answer says about totals; later words win. */
  addTotals(answer: unknown): void {
    if (!isRecord(answer)) return;
    const { timings } = answer;
    this.#engine = count(isRecord(timings) ? timings['predicted_n'] : answer['eval_count']) ?? this.#engine;
    const inner = isRecord(answer['response']) ? answer['response']['usage'] : undefined;
    for (const usage of [answer['usage'], inner]) {
      if (isRecord(usage)) this.#usage = count(usage['completion_tokens'] ?? usage['output_tokens']) ?? this.#usage;
    }
  }
}

/** How many pieces of generated text a message carries: one a choice, whatever its kind. */
function piecesOfText(message: Readonly<Record<string, unknown>>): number {
  const { choices } = message;
  if (Array.isArray(choices)) return choices.filter(choiceHasText).length;
  // llama.cpp's and Ollama's own forms, the Responses API, the Messages API, text-generation-inference.
  if (hasText(message['content']) || hasText(message['response'])) return 1;
  if (isRecord(message['message']) && textIn(message['message'])) return 1;
  const { delta, token } = message;
  if (hasText(delta) || (isRecord(delta) && (textIn(delta) || hasText(delta['partial_json'])))) return 1;
  return isRecord(token) && hasText(token['text']) ? 1 : 0;
}

function choiceHasText(choice: unknown): boolean {
  if (!isRecord(choice)) return false;
  return hasText(choice['text']) || (isRecord(choice['delta']) && textIn(choice['delta']));
}

function textIn(delta: Readonly<Record<string, unknown>>): boolean {
  const { content, text, reasoning_content, reasoning, thinking, refusal, tool_calls } = delta;
  return [content, text, reasoning_content, reasoning, thinking, refusal].some(hasText) || Array.isArray(tool_calls);
}

function hasText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
