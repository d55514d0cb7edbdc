import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReplyRules, type ReplyTransform, replyTransform } from './reply-transform.ts';
import { AnswerCount } from './token-count.ts';

function transform(type: string, rules: Partial<ReplyRules> = {}, headers: Record<string, string> = {}) {
  const answer = { headers: { 'content-type': type, ...headers } };
  const all = {
    model: 'me',
    count: new AnswerCount(),
    dropUsage: false,
    eventBytes: 10_000,
    headOnly: false,
    ...rules,
  };
  return replyTransform(answer, all);
}

/** Sends bytes through, cut at the given places. */
function through(transform: ReplyTransform, bytes: Buffer, places: readonly number[] = []): Buffer {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const out = at.slice(1).map((end, index) => transform.push(bytes.subarray(at[index], end)));
  return Buffer.concat([...out, transform.end()]);
}

const SSE = 'text/event-stream; charset=utf-8';

describe('the way of an answer through the gate', () => {
  it('is chosen by what the engine says the answer is', () => {
    expect(transform(SSE).kind).toBe('stream');
    expect(transform('application/x-ndjson').framing).toBe('ndjson');
    expect(transform('Application/JSON').kind).toBe('json');
    expect(transform('audio/mpeg').kind).toBe('plain');
    expect(transform('application/json', {}, { 'content-encoding': 'gzip' }).kind).toBe('plain');
    expect(transform('application/json', { headOnly: true }).kind).toBe('plain');
  });

  it('renames the model of a JSON answer and counts its usage', () => {
    const count = new AnswerCount();
    const answer = Buffer.from('{"model":"eng","choices":[{"model":"eng"}],"usage":{"completion_tokens":9}}');

    const out = through(transform('application/json', { count }), answer, [3, 12, 50]);

    expect(out.toString()).toBe(answer.toString().replace('eng', 'me'));
    expect(count.tokens).toBe(9);
  });

  it('passes events that carry no JSON', () => {
    const bytes = Buffer.from(': hello\n\nretry: 10\n\nevent: x\ndata: [DONE]\n\n');

    expect(through(transform(SSE), bytes)).toEqual(bytes);
  });

  it('renames the model where newer APIs nest it', () => {
    const bytes = Buffer.from('data: {"type":"response.created","response":{"model":"eng"}}\n\n');

    expect(through(transform(SSE), bytes).toString()).toContain('"response":{"model":"me"}');
  });

  it('renames the model in data over several lines', () => {
    const bytes = Buffer.from('data: {"a":1,\ndata: "model":\ndata: "eng"}\n\n');

    expect(through(transform(SSE), bytes).toString()).toBe('data: {"a":1,\ndata: "model":\ndata: "me"}\n\n');
  });

  it('takes out the usage message it asked for itself, and nothing else', () => {
    const count = new AnswerCount();
    const rest = 'data: {"choices":[{"text":"a"}]}\n\ndata: {"choices":[]}\n\n';
    const usage = 'data: {"choices":[],"usage":{"completion_tokens":5}}\n\n';
    const bytes = Buffer.from(`${rest}${usage}data: [DONE]\n\n`);

    const dropped = through(transform(SSE, { dropUsage: true, count }), bytes, [70, 80]);
    const kept = through(transform(SSE), bytes);

    expect(dropped.toString()).toBe(`${rest}data: [DONE]\n\n`);
    expect(count.tokens).toBe(5);
    expect(kept).toEqual(bytes);
  });

  it('never passes half a message on', () => {
    const stream = transform(SSE);

    const first = stream.push(Buffer.from('data: {"choices":[{"text":"a"}]}\n\ndata: {"cho'));

    expect(first.toString()).toBe('data: {"choices":[{"text":"a"}]}\n\n');
  });

  it('gives the same bytes, but for the name, however the network cut them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('é', '\u{1f600}', '\\', '"', '\n'),
    );
    const event = fc
      .record({ content: text, model: fc.constantFrom('eng', 'other/name'), end: fc.constantFrom('\n', '\r\n', '\r') })
      .map(({ content, model, end }) => {
        const json = JSON.stringify({ id: 1, model, choices: [{ delta: { content, model } }] });
        return { json, model, end };
      });
    const write = (events: readonly { json: string; end: string }[]) =>
      Buffer.from(events.map(({ json, end }) => `event: e${end}data: ${json}${end}${end}`).join(''));

    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat(3_000), { maxLength: 30 }), (events, places) => {
        const renamed = events.map((each) => ({ ...each, json: each.json.replace(`"${each.model}"`, '"me"') }));
        const count = new AnswerCount();

        const out = through(transform(SSE, { count, eventBytes: 100_000 }), write(events), places);

        expect(out).toEqual(write(renamed));
        expect(count.tokens).toBe(events.filter(({ json }) => !json.includes('"content":""')).length);
        expect(through(transform(SSE, { model: undefined, eventBytes: 100_000 }), write(events), places)).toEqual(
          write(events),
        );
      }),
    );
  });
});
