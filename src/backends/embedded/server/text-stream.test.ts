import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextStream } from './text-stream.ts';

/** A tokenizer whose tokens are bytes, so that characters come in pieces. */
function bytesToText(tokens: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(tokens));
}

function feed(text: string, stops: readonly string[]): { pieces: string[]; stopped: boolean } {
  const stream = new TextStream(bytesToText, stops);
  const pieces: string[] = [];
  for (const byte of new TextEncoder().encode(text)) {
    pieces.push(stream.push(byte));
    if (stream.stopped) {
      break;
    }
  }
  pieces.push(stream.end());
  return { pieces, stopped: stream.stopped };
}

const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '€', '😀', '\n'), maxLength: 30 });

describe('TextStream', () => {
  it('gives the whole text in whole characters when there is nothing to stop at', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { pieces } = feed(text, []);

        expect(pieces.join('')).toBe(text);
        expect(pieces.every((piece) => !piece.includes('\uFFFD'))).toBe(true);
      }),
    );
  });

  it('gives everything before the stop text that comes first, and nothing after it', () => {
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'ä'), minLength: 1, maxLength: 3 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(texts, stops, (text, stops) => {
        const { pieces, stopped } = feed(text, stops);

        // The stop text that is complete first ends the text; the one that begins first there is cut off.
        const ends = stops.map((stop) => ({ at: text.indexOf(stop), stop })).filter(({ at }) => at >= 0);
        const firstEnd = Math.min(...ends.map(({ at, stop }) => at + stop.length));
        const seen = text.slice(0, firstEnd);
        const expected =
          ends.length === 0
            ? text
            : seen.slice(0, Math.min(...stops.map((stop) => seen.indexOf(stop)).filter((at) => at >= 0)));
        expect(pieces.join('')).toBe(expected);
        expect(stopped).toBe(ends.length > 0);
      }),
    );
  });

  it('sends text at once unless it may be the beginning of a stop text', () => {
    const { pieces } = feed('xaby', ['abc']);

    expect(pieces).toEqual(['x', '', '', 'aby', '']);
  });

  it('gives up waiting for a character that never becomes whole', () => {
    const stream = new TextStream(bytesToText);

    const pieces = [0xf0, 0xf0, 0xf0, 0xf0].map((byte) => stream.push(byte));

    expect(pieces.join('')).toBe('\uFFFD\uFFFD\uFFFD\uFFFD');
  });

  it('drops a character that was cut off by the end', () => {
    const stream = new TextStream(bytesToText);

    const pieces = [0x61, 0xf0, 0x9f].map((byte) => stream.push(byte));

    expect([...pieces, stream.end()]).toEqual(['a', '', '', '']);
  });

  it('gives at the end what was held back', () => {
    expect(feed('ab', ['abc']).pieces).toEqual(['', '', 'ab']);
  });
});
