import { describe, expect, it } from 'vitest';
import { metricValue } from './metric-text.ts';

describe('metricValue', () => {
  it.each([
    ['a plain sample', '# HELP a:b x\n# TYPE a:b counter\na:b 12\n', 12],
    ['a sample with labels and a time', 'a:b{x="1"} 3.5 1700000000\n', 3.5],
    ['an exponent', 'a:b 1.5e3', 1500],
    ['another name that begins alike', 'a:bc 7\n', undefined],
    ['not a number', 'a:b NaN\n', undefined],
    ['a negative counter', 'a:b -1\n', undefined],
    ['nothing', '', undefined],
  ])('reads %s', (_, exposition, expected) => {
    expect(metricValue(exposition, /^a:b$/)).toBe(expected);
  });
});
