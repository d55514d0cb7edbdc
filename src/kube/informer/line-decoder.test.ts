import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineDecoder } from './line-decoder.ts';

function decode(bytes: Buffer, cuts: readonly number[]): string[] {
  const decoder = new LineDecoder(1_000_000);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const lines: string[] = [];
  let start = 0;
  for (const end of [...places, bytes.length]) {
    lines.push(...decoder.push(bytes.subarray(start, end)));
    start = end;
  }
  return lines;
}

describe('LineDecoder', () => {
  it('gives the same lines wherever the stream is cut, also inside a character', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));

        expect(decode(bytes, cuts)).toEqual(lines);
        expect(decode(bytes, [...bytes.keys()])).toEqual(lines);
      }),
    );
  });

  it('keeps a line without its end for later, and passes over empty lines', () => {
    const decoder = new LineDecoder(100);

    expect(decoder.push(Buffer.from('a\n\n\nb'))).toEqual(['a']);
    expect(decoder.pendingBytes).toBe(1);
    expect(decoder.push(Buffer.from('c\n'))).toEqual(['bc']);
    expect(decoder.pendingBytes).toBe(0);
  });

  it('refuses a line above its limit before it has ended', () => {
    const decoder = new LineDecoder(10);
    decoder.push(Buffer.from('12345'));

    expect(() => decoder.push(Buffer.from('678901'))).toThrow(/more than 10 bytes/);
  });

  it('refuses bytes that are no text', () => {
    expect(() => new LineDecoder(10).push(Buffer.from([0xc3, 0x28, 0x0a]))).toThrow('not UTF-8');
  });
});
