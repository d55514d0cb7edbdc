import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseToolJson } from './tool-json.ts';

describe('parseToolJson', () => {
  it('finds the document between lines of prose', () => {
    const warning = 'WARNING: AMD GPU device(s) is/are in a low-power state {check}.';

    expect(parseToolJson(`${warning}\n{"card0": {"a": "1"}}\n\nNote: done\n`)).toEqual({
      value: { card0: { a: '1' } },
      discarded: [warning, 'Note: done'],
    });
  });

  it('reads a document over several lines, and a list', () => {
    expect(parseToolJson('[\n  {"gpu": 0}\n]\n')).toEqual({ value: [{ gpu: 0 }], discarded: [] });
  });

  it.each([
    ['nothing', ''],
    ['prose', 'Driver not initialized (amdgpu not found in modules)\n'],
    ['two documents', '{"a": 1}\n{"b": 2}\n'],
    ['a document that was cut off', '{"card0": {"a": "1"\n'],
    ['a document that was cut off after a closing line', '{"card0": {\n}\n'],
  ])('reads nothing from %s', (_, text) => {
    expect(parseToolJson(text)).toBeUndefined();
  });

  it('gives back every document, whatever prose surrounds it', () => {
    const prose = fc.string().map((text) => text.replace(/[{[\]}\r\n]/g, ''));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), prose, prose, (document, before, after) => {
        const text = JSON.stringify(document);

        expect(JSON.stringify(parseToolJson(`${before}\n${text}\n${after}`)?.value)).toBe(text);
      }),
    );
  });
});
