import { describe, expect, it } from 'vitest';
import { type BodyChanges, changeBody, readRequestFields } from './request-model.ts';

function fields(body: string) {
  const read = readRequestFields(Buffer.from(body));
  if ('status' in read) throw new Error(read.message);
  return read;
}

function changed(body: string, changes: BodyChanges): string {
  return changeBody(Buffer.from(body), fields(body), changes).toString();
}

describe('the fields of a request', () => {
  it('are read without regard to their place', () => {
    const body = '{"messages":[{"model":"no"}], "stream" : true ,"model":"a\\u0062","stream_options":{"x":1}}';

    expect(fields(body)).toEqual({ model: 'ab', stream: true, hasStreamOptions: true, empty: false });
  });

  it('may be missing', () => {
    expect(fields(' {} ')).toEqual({ model: undefined, stream: false, hasStreamOptions: false, empty: true });
  });

  it.each(['', '[]', 'null', '"model"', 'model=a&stream=1'])('are not read from %j', (body) => {
    expect(readRequestFields(Buffer.from(body))).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it.each(['null', '7', '["a"]', '{"name":"a"}', '"\\x"'])('are refused when the model is %s', (model) => {
    const read = readRequestFields(Buffer.from(`{"model":${model}}`));

    expect(read).toMatchObject({ status: 400, param: 'model' });
  });
});

describe('a changed body', () => {
  it('is the very same buffer when nothing changes', () => {
    const body = Buffer.from('{"model":"a"}');

    expect(changeBody(body, fields('{"model":"a"}'), { insert: [] })).toBe(body);
  });

  it('has the name of the engine and otherwise the bytes of the client', () => {
    const body = '{ "temperature":0.70,"model" :"a","n":1e2, "text":"\\u00e9 é" }\n';

    expect(changed(body, { model: 'b"c', insert: [] })).toBe(body.replace('"a"', '"b\\"c"'));
  });

  it('gets new members in front', () => {
    const insert = [['model', '"b"'] as const, ['stream_options', '{"include_usage":true}'] as const];

    expect(changed('{"a":1}', { insert })).toBe('{"model":"b","stream_options":{"include_usage":true},"a":1}');
    expect(changed(' { }', { insert: [['model', '"b"']] })).toBe(' {"model":"b" }');
  });
});
