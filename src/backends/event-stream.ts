import { FlexInferError } from '../api/errors.ts';

/** One server-sent event. Only the field that carries something for us is kept. */
export interface StreamEvent {
  /** `error` is what older llama.cpp servers send instead of an object under `data`. */
  readonly field: 'data' | 'error';
  readonly value: string;
}

const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Splits a body into server-sent events (WHATWG HTML, "Server-sent events", §9.2.6). Chunks may be cut anywhere, also
 * inside a character or between CR and LF. Comments and unknown fields are skipped; an event without its closing
 * blank line is dropped, as the standard demands, so that a cut connection is never taken for an answer.
 *
 * Errors: ENGINE_FAILED when one event grows beyond 8 Mi characters.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let endedWithCr = false;
  let lines: StreamEvent[] = [];

  for await (const chunk of body) {
    let piece = decoder.decode(chunk, { stream: true });
    if (endedWithCr && piece.startsWith('\n')) {
      piece = piece.slice(1);
      endedWithCr = false;
    }
    if (piece !== '') {
      endedWithCr = piece.endsWith('\r');
    }
    rest += piece;
    if (rest.length > MAX_EVENT_CHARACTERS) {
      throw new FlexInferError('ENGINE_FAILED', 'the engine sent an event of more than 8 Mi characters');
    }
    const complete = rest.split(/\r\n|\n|\r/);
    rest = complete.pop() ?? '';
    for (const line of complete) {
      if (line === '') {
        const event = joined(lines);
        lines = [];
        if (event !== undefined) {
          yield event;
        }
      } else {
        const field = fieldOf(line);
        if (field !== undefined) {
          lines.push(field);
        }
      }
    }
  }
}

function fieldOf(line: string): StreamEvent | undefined {
  const match = /^(data|error)(?:: ?(.*))?$/s.exec(line);
  const name = match?.[1];
  return name === 'data' || name === 'error' ? { field: name, value: match?.[2] ?? '' } : undefined;
}

function joined(lines: readonly StreamEvent[]): StreamEvent | undefined {
  if (lines.length === 0) {
    return undefined;
  }
  const field = lines.some((line) => line.field === 'error') ? 'error' : 'data';
  return { field, value: lines.map((line) => line.value).join('\n') };
}
