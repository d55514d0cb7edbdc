import { describe, expect, it } from 'vitest';
import { parseSignedSysfsNumber, parseSysfsNumber } from './sysfs-number.ts';

describe('parseSysfsNumber', () => {
  it.each([
    ['0\n', 0],
    ['25753026560\n', 25_753_026_560],
    ['-1\n', undefined],
    ['', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['busy', undefined],
  ])('reads %j', (text, value) => {
    expect(parseSysfsNumber(text)).toBe(value);
  });
});

describe('parseSignedSysfsNumber', () => {
  it('allows what is below zero', () => {
    expect(parseSignedSysfsNumber('-5000\n')).toBe(-5000);
    expect(parseSignedSysfsNumber('--5')).toBeUndefined();
  });
});
