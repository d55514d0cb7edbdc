import { describe, expect, it } from 'vitest';
import { count, finiteNumber, isJsonObject, parseJson, text } from './json-value.ts';

describe('values from other programs', () => {
  it.each([0, 128])('takes %s for a count', (value) => {
    expect(count(value)).toBe(value);
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 60, '7', null, undefined])('does not take %s for a count', (value) => {
    expect(count(value)).toBeUndefined();
  });

  it('tells numbers and texts from what only looks like them', () => {
    expect([finiteNumber(1.5), finiteNumber(Number.POSITIVE_INFINITY), finiteNumber('1')]).toEqual([
      1.5,
      undefined,
      undefined,
    ]);
    expect([text('a'), text(1)]).toEqual(['a', undefined]);
    expect([{}, [], null].map(isJsonObject)).toEqual([true, false, false]);
  });

  it('answers undefined for a text that is no JSON', () => {
    expect([parseJson('{"a":1}'), parseJson('{a')]).toEqual([{ a: 1 }, undefined]);
  });
});
