import { type FieldRules, JsonFieldScanner } from './json-fields.ts';
import { invalid } from './refusals.ts';
import type { Refusal } from './reply.ts';

/** What the gate reads of a JSON request. */
export interface RequestFields {
  /** The name the client gave; absent when it gave none. */
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly hasStreamOptions: boolean;
  readonly empty: boolean;
}

const REQUEST_RULES: FieldRules = { keep: new Set(['model', 'stream', 'stream_options']), replace: new Map() };

/** Reads the fields without parsing the rest: an image of 20 MB in a prompt costs no more than its copy. */
export function readRequestFields(body: Buffer): RequestFields | Refusal {
  const scanner = new JsonFieldScanner(REQUEST_RULES);
  scanner.push(body);
  if (scanner.root !== 'object') return invalid(400, 'invalid_request', 'the body is not a JSON object');
  const text = scanner.fields.get('model');
  const model = text === undefined ? undefined : parsed(text);
  if (text !== undefined && typeof model !== 'string')
    return invalid(400, 'invalid_request', 'model must be a string', 'model');
  return {
    model: typeof model === 'string' ? model : undefined,
    stream: scanner.fields.get('stream') === 'true',
    hasStreamOptions: scanner.fields.has('stream_options'),
    empty: scanner.empty,
  };
}

export interface BodyChanges {
  /** The engine's name for the model, where it differs from the client's. */
  readonly model?: string;
  /** Members to put before all others. */
  readonly insert: readonly (readonly [key: string, json: string])[];
}

/** The same bytes with the model's name changed and members put in front; the very same buffer when nothing changes. */
export function changeBody(body: Buffer, fields: RequestFields, changes: BodyChanges): Buffer {
  let pieces: Buffer[] = [body];
  if (changes.model !== undefined) {
    const replacement = Buffer.from(JSON.stringify(changes.model));
    const scanner = new JsonFieldScanner({ keep: new Set(), replace: new Map([['model', replacement]]) });
    pieces = [...scanner.push(body), ...scanner.end()];
  }
  if (changes.insert.length === 0) return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
  const whole = Buffer.concat(pieces);
  const inside = whole.indexOf('{') + 1;
  const members = changes.insert.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',');
  const inserted = Buffer.from(fields.empty ? members : `${members},`);
  return Buffer.concat([whole.subarray(0, inside), inserted, whole.subarray(inside)]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
