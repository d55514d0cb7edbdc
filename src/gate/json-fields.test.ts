import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFieldScanner } from './json-fields.ts';

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function scan(text: string, keep: string[], replace: Record<string, string> = {}, places: readonly number[] = []) {
  const replacements = Object.entries(replace).map(([path, json]) => [path, Buffer.from(json)] as const);
  const scanner = new JsonFieldScanner({ keep: new Set(keep), replace: new Map(replacements) });
  const out = cut(Buffer.from(text), places).flatMap((piece) => scanner.push(piece));
  return { scanner, out: Buffer.concat([...out, ...scanner.end()]).toString() };
}

describe('the JSON field scanner', () => {
  it('replaces a string at the root and leaves every other byte alone', () => {
    const text =
      ' {"id" : 1.50, "model" : "engine/a" ,"x":[{"model":"engine/a"}], "n":1e400,"y":{"model":"engine/a"}}\n';

    const { out } = scan(text, [], { model: '"me"' });

    expect(out).toBe(text.replace('"engine/a"', '"me"'));
  });

  it('replaces every one of several equal keys, so that no two readers can disagree', () => {
    const { out } = scan('{"model":"a","x":1,"model":"b"}', ['model'], { model: '"me"' });

    expect(out).toBe('{"model":"me","x":1,"model":"me"}');
  });

  it('knows a key in escapes', () => {
    const { out, scanner } = scan('{"m\\u006fdel":"a"}', ['model'], { model: '"me"' });

    expect(out).toBe('{"m\\u006fdel":"me"}');
    expect(scanner.fields.get('model')).toBe('"a"');
  });

  it('leaves a value alone that is no string', () => {
    const { out, scanner } = scan('{"model":null}', ['model'], { model: '"me"' });

    expect(out).toBe('{"model":null}');
    expect(scanner.fields.get('model')).toBe('null');
  });

  it('replaces one level down where the path says so, but not within arrays', () => {
    const text = '{"message":{"model":"a"},"list":[{"model":"a"}],"other":{"model":"a"}}';

    const { out } = scan(text, [], { 'message.model': '"me"' });

    expect(out).toBe(text.replace('"a"', '"me"'));
  });

  it('keeps strings, numbers, words, objects and arrays as JSON text', () => {
    const { scanner } = scan('{"a":"x\\"}","b":-1.5e3 ,"c":true,"d":{"e":[1,"}"]},"f":[{}]}', [
      'a',
      'b',
      'c',
      'd',
      'f',
    ]);

    expect(Object.fromEntries(scanner.fields)).toEqual({
      a: '"x\\"}"',
      b: '-1.5e3',
      c: 'true',
      d: '{"e":[1,"}"]}',
      f: '[{}]',
    });
  });

  it('does not keep a value of more than 64 KiB', () => {
    const { scanner } = scan(`{"a":"${'x'.repeat(70_000)}","b":"y"}`, ['a', 'b'], {}, [10, 40_000, 69_000]);

    expect([...scanner.fields.keys()]).toEqual(['b']);
  });

  it.each([
    ['{}', 'object', true],
    [' { "a":1}', 'object', false],
    ['[1]', 'other', true],
    ['"text"', 'other', true],
    ['12', 'other', true],
    [' \n', undefined, true],
    ['', undefined, true],
  ])('says what %j is', (text, root, empty) => {
    const { scanner } = scan(text, []);

    expect([scanner.root, scanner.empty]).toEqual([root, empty]);
  });

  it('passes bytes that are not JSON unchanged, even cut inside a value it would replace', () => {
    for (const text of ['{"model":"a', '{"model', '}}}{"model":', '\\"\\{"', '[DONE]']) {
      expect(scan(text, [], { model: '"me"' }, [3, 7, 10]).out).toBe(text);
    }
  });

  it('gives the same bytes however the text is cut, and what a JSON parser would give', () => {
    const places = fc.array(fc.nat(2_000), { maxLength: 12 });
    const value = fc.jsonValue({ maxDepth: 3 });
    const document = fc.dictionary(fc.oneof(fc.constantFrom('model', 'message', 'usage'), fc.string()), value);
    const named = fc.tuple(document, fc.string()).map(([rest, model]) => ({ ...rest, model }));

    fc.assert(
      fc.property(named, places, fc.constantFrom(undefined, 1), (object, at, indent) => {
        const text = JSON.stringify(object, null, indent);

        const { out, scanner } = scan(text, ['model', 'usage'], { model: '"me"' }, at);

        expect(out).toBe(scan(text, [], { model: '"me"' }).out);
        expect(JSON.parse(out)).toEqual(JSON.parse(JSON.stringify({ ...object, model: 'me' })));
        expect(JSON.parse(scanner.fields.get('model') ?? '')).toBe(object.model);
        const usage = 'usage' in object ? JSON.parse(JSON.stringify(object.usage)) : undefined;
        const kept = scanner.fields.get('usage');
        expect(kept === undefined ? undefined : JSON.parse(kept)).toEqual(usage);
      }),
    );
  });

  it('gives back any bytes at all when there is nothing to replace', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 8 }), (array, at) => {
        const bytes = Buffer.from(array);
        const scanner = new JsonFieldScanner({ keep: new Set(['a']), replace: new Map() });

        const out = cut(bytes, at).flatMap((piece) => scanner.push(piece));

        expect(Buffer.concat([...out, ...scanner.end()])).toEqual(bytes);
      }),
    );
  });
});
