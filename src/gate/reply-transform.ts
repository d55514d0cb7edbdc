import type { EngineAnswer } from './engine-connection.ts';
import { type FieldRules, JsonFieldScanner } from './json-fields.ts';
import { dataRanges, type Framing, UnitSplitter } from './stream-units.ts';
import type { AnswerCount } from './token-count.ts';

/** What is done to an answer on its way: bytes in, bytes out, tokens counted on the side. */
export interface ReplyTransform {
  readonly kind: 'json' | 'stream' | 'plain';
  /** How an error can be told in the middle of the answer; absent when it cannot. */
  readonly framing: Framing | undefined;
  push(piece: Buffer): Buffer;
  end(): Buffer;
}

export interface ReplyRules {
  /** The object's name, to stand where the engine wrote its own; absent: names stay. */
  readonly model: string | undefined;
  readonly count: AnswerCount;
  /** The gate asked for the usage message by itself: the client does not get to see it. */
  readonly dropUsage: boolean;
  readonly eventBytes: number;
  /** The answer to a HEAD request: headers without a body. */
  readonly headOnly: boolean;
}

/** Chooses by what the engine says its answer is. */
export function replyTransform({ headers }: Pick<EngineAnswer, 'headers'>, rules: ReplyRules): ReplyTransform {
  const encoding = headers['content-encoding'];
  if (rules.headOnly || (encoding !== undefined && encoding !== 'identity')) return plainTransform;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'text/event-stream') return streamTransform('sse', rules);
  if (type === 'application/x-ndjson') return streamTransform('ndjson', rules);
  return type === 'application/json' ? jsonTransform(rules) : plainTransform;
}

/** Where engines name the model: in the answer, and one level down in events of the Responses and the Messages API. */
const MODEL_PATHS = ['model', 'response.model', 'message.model'];
const TOTALS = ['usage', 'timings', 'tokens_predicted', 'eval_count'];

function modelRules(model: string | undefined, keep: readonly string[]): FieldRules {
  const json = model === undefined ? undefined : Buffer.from(JSON.stringify(model));
  return {
    keep: new Set(keep),
    replace: new Map(json === undefined ? [] : MODEL_PATHS.map((path) => [path, json])),
  };
}

/** A whole JSON answer, passed on as it arrives. */
function jsonTransform(rules: ReplyRules): ReplyTransform {
  const scanner = new JsonFieldScanner(modelRules(rules.model, TOTALS));
  return {
    kind: 'json',
    framing: undefined,
    push: (piece) => joined(scanner.push(piece)),
    end: () => {
      const members = TOTALS.flatMap((key) => {
        const text = scanner.fields.get(key);
        return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`];
      });
      rules.count.addTotals(parsed(`{${members.join(',')}}`));
      return joined(scanner.end());
    },
  };
}

/** A stream of messages, each passed on when it is whole. */
function streamTransform(framing: Framing, rules: ReplyRules): ReplyTransform {
  const splitter = new UnitSplitter(framing, rules.eventBytes);
  const fields = modelRules(rules.model, []);
  const one = (unit: Buffer): readonly Buffer[] => {
    const ranges = dataRanges(unit, framing);
    if (ranges.length === 0) return [unit];
    const message = parsed(ranges.map(([start, end]) => unit.toString('utf8', start, end)).join('\n'));
    rules.count.addMessage(message);
    if (rules.dropUsage && isUsageMessage(message)) return [];
    return rules.model === undefined ? [unit] : renamed(unit, ranges, new JsonFieldScanner(fields));
  };
  return {
    kind: 'stream',
    framing,
    push: (piece) => joined(splitter.push(piece).flatMap(one)),
    // What was cut off inside a message by a regular end passes as it is: nobody can tell what it was to be.
    end: () => joined([splitter.rest()].flatMap(one)),
  };
}

/** Everything else: pictures, sounds, encodings the gate cannot read. */
const plainTransform: ReplyTransform = {
  kind: 'plain',
  framing: undefined,
  push: (piece) => piece,
  end: () => Buffer.alloc(0),
};

function renamed(unit: Buffer, ranges: ReturnType<typeof dataRanges>, scanner: JsonFieldScanner): Buffer[] {
  const out: Buffer[] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    out.push(unit.subarray(from, start), ...scanner.push(unit.subarray(start, end)));
    from = end;
  }
  out.push(...scanner.end(), unit.subarray(from));
  return out;
}

/** OpenAI's last message of a stream with `include_usage`: no choices, only the usage. */
function isUsageMessage(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('choices' in message) || !('usage' in message)) return false;
  return Array.isArray(message.choices) && message.choices.length === 0 && typeof message.usage === 'object';
}

function joined(pieces: readonly Buffer[]): Buffer {
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // `[DONE]` and other things that are not JSON carry nothing to count.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
