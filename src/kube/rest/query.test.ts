import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryString, selectorText } from './query.ts';

describe('queryString', () => {
  it('leaves out what is not set, and nothing else', () => {
    expect(queryString({})).toBe('');
    expect(queryString({ a: undefined, b: false })).toBe('');
    expect(queryString({ a: 0, b: '', c: true })).toBe('?a=0&b=&c=true');
  });

  it('carries any text unharmed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new URL(`http://x/${queryString({ text })}`).searchParams.get('text')).toBe(text.toWellFormed());
      }),
    );
  });
});

describe('selectorText', () => {
  it('joins equalities, and passes text as it is', () => {
    expect(selectorText({ app: 'x', tier: '' })).toBe('app=x,tier=');
    expect(selectorText('app in (a,b),!c')).toBe('app in (a,b),!c');
  });
});
