/** What a count of tokens rests on, best first. */
export const TOKEN_SOURCES = ['engine', 'usage', 'chunks'] as const;
export type TokenSource = (typeof TOKEN_SOURCES)[number];

/**
 * Counts the tokens of one answer while it arrives: the engine's own count where the answer carries one (llama.cpp's
 * `timings` and `tokens_predicted`, Ollama's `eval_count`), else the `usage` field, else the pieces of text.
 */
export class AnswerCount {
  #chunks = 0;
  #usage: number | undefined;
  #engine: number | undefined;

  get tokens(): number {
    return this.#engine ?? (this.source === 'usage' ? (this.#usage ?? 0) : this.#chunks);
  }

  /** `undefined` while nothing was counted. */
  get source(): TokenSource | undefined {
    if (this.#engine !== undefined) return 'engine';
    if (this.#chunks > 0 && (this.#usage ?? 0) === 0) return 'chunks';
    return this.#usage === undefined ? undefined : 'usage';
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
    const { timings, response } = answer;
    const own = isRecord(timings) ? timings['predicted_n'] : (answer['tokens_predicted'] ?? answer['eval_count']);
    this.#engine = count(own) ?? this.#engine;
    for (const usage of [answer['usage'], isRecord(response) ? response['usage'] : undefined]) {
      const tokens = isRecord(usage) ? count(usage['completion_tokens'] ?? usage['output_tokens']) : undefined;
      // Ollama sends a usage of zeros with every piece of a stream: with text already there, that is no count.
      if (tokens !== undefined && (tokens > 0 || this.#chunks === 0)) this.#usage = tokens;
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
