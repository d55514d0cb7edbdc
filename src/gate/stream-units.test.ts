import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataRanges, type Framing, UnitSplitter, UnitTooLong } from './stream-units.ts';

function split(framing: Framing, pieces: readonly string[]): { units: string[]; rest: string } {
  const splitter = new UnitSplitter(framing, 1_000);
  const units = pieces.flatMap((piece) => splitter.push(Buffer.from(piece)));
  return { units: units.map(String), rest: splitter.rest().toString() };
}

describe('the unit splitter', () => {
  it.each([
    ['LF', 'data: a\n\n', 'data: b\n\n'],
    ['CRLF', 'data: a\r\n\r\n', 'data: b\r\n\r\n'],
    ['CR', 'data: a\r\r', 'data: b\r\r'],
    ['mixed line ends', 'event: x\r\ndata: a\n\r\n', 'data: b\r\n\n'],
  ])('cuts events at empty lines: %s', (_, first, second) => {
    expect(split('sse', [first + second])).toEqual({ units: [first, second], rest: '' });
  });

  it('waits for the whole event', () => {
    expect(split('sse', ['da', 'ta: a\n', '\nda'])).toEqual({ units: ['data: a\n\n'], rest: 'da' });
  });

  it('takes a comment between empty lines for an event of its own', () => {
    expect(split('sse', [': ping\n\ndata: a\n\n']).units).toEqual([': ping\n\n', 'data: a\n\n']);
  });

  it('cuts NDJSON at every line', () => {
    expect(split('ndjson', ['{"a":1}\n{"b"', ':2}\r\n{}'])).toEqual({
      units: ['{"a":1}\n', '{"b":2}\r\n'],
      rest: '{}',
    });
  });

  it('refuses a message that is longer than allowed', () => {
    const splitter = new UnitSplitter('sse', 10);
    splitter.push(Buffer.from('data: 12'));

    expect(() => splitter.push(Buffer.from('3456'))).toThrow(UnitTooLong);
  });

  it('loses and adds no byte, and cuts at the same places, however the bytes arrive', () => {
    const alphabet = fc.constantFrom('data: ', 'event: x', '{"a":"é"}', '\n', '\r', '\r\n', '\n\n', ':', '\u{1f600}');
    const stream = fc.array(alphabet, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));

    fc.assert(
      fc.property(
        stream,
        fc.array(fc.nat(200), { maxLength: 20 }),
        fc.constantFrom<Framing>('sse', 'ndjson'),
        (bytes, places, framing) => {
          const splitter = new UnitSplitter(framing, 10_000);
          const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];

          const units = at.slice(1).flatMap((end, index) => splitter.push(bytes.subarray(at[index], end)));

          expect(Buffer.concat([...units, splitter.rest()])).toEqual(bytes);
          const whole = new UnitSplitter(framing, 10_000).push(bytes);
          // A CRLF cut in two may leave its LF at the start of the next message, where it means nothing.
          expect(units.map((unit) => unit.toString().trim())).toEqual(whole.map((unit) => unit.toString().trim()));
        },
      ),
    );
  });
});

describe('the data of a message', () => {
  function data(unit: string, framing: Framing): string[] {
    const bytes = Buffer.from(unit);
    return dataRanges(bytes, framing).map(([start, end]) => bytes.toString('utf8', start, end));
  }

  it('is what follows data: and one space', () => {
    expect(data('event: x\ndata: a\r\ndata:b\ndata:  c\nid: 7\ndatax: d\n\n', 'sse')).toEqual(['a', 'b', ' c']);
  });

  it('is the line itself in NDJSON', () => {
    expect(data('{"a":1}\r\n', 'ndjson')).toEqual(['{"a":1}']);
  });

  it('is nothing in a comment', () => {
    expect(data(': ping\n\n', 'sse')).toEqual([]);
  });
});
