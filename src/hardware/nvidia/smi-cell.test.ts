import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCellMask, parseCellNumber, parseSmiCell } from './smi-cell.ts';

const ANY = { min: -1000, max: 1_000_000 };

describe('parseSmiCell', () => {
  it.each([
    ['[N/A]', 'not_available'],
    ['N/A', 'not_available'],
    ['[Not Supported]', 'not_available'],
    ['Not Supported', 'not_available'],
    ['[Not Found]', 'not_available'],
    ['', 'not_available'],
    ['[Requested functionality has been deprecated]', 'deprecated'],
    ['[Insufficient Permissions]', 'no_permission'],
    ['[Function Not Found]', 'function_missing'],
  ])('takes %j for absent: %s', (cell, reason) => {
    expect(parseSmiCell(cell)).toEqual({ kind: 'absent', reason });
    expect(parseCellNumber(cell, ANY)).toEqual({ invalid: false });
  });

  it.each([
    ['[Unknown Error]', false],
    ['ERR!', false],
    ['[GPU requires reset]', false],
    ['[GPU is lost]', true],
    ['GPU is lost', true],
  ])('takes %j for the word of a sick device', (cell, lost) => {
    expect(parseSmiCell(cell)).toMatchObject({ kind: 'sick', lost });
    expect(parseCellNumber(cell, ANY)).toEqual({ invalid: false });
  });
});

describe('parseCellNumber', () => {
  it.each([
    ['81559 MiB', 81_559],
    ['69.85 W', 69.85],
    ['0 %', 0],
    ['41', 41],
    ['-5', -5],
    ['1980 MHz', 1980],
  ])('reads %j', (cell, value) => {
    expect(parseCellNumber(cell, ANY)).toEqual({ value });
  });

  it.each(['39,32 W', '39.32W', '0x10', '1e3', 'NaN', 'Infinity', '1 000', '--1', '12.', '.5', '4294967295'])(
    'takes %j for no number',
    (cell) => {
      expect(parseCellNumber(cell, ANY)).toEqual({ invalid: true });
    },
  );

  it('gives finite numbers within the range or none, for every text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.double().map(String),
          fc.integer().map((n) => `${n} W`),
        ),
        (text) => {
          const { value } = parseCellNumber(text, { min: 0, max: 3000 });

          expect(value === undefined || (Number.isFinite(value) && value >= 0 && value <= 3000)).toBe(true);
        },
      ),
    );
  });
});

describe('parseCellMask', () => {
  it('reads all 64 bits', () => {
    expect(parseCellMask('0x0000000000000004')).toBe(4n);
    expect(parseCellMask('0xFFFFFFFFFFFFFFFF')).toBe(2n ** 64n - 1n);
  });

  it.each(['4', '0x', '[N/A]', '0x1FFFFFFFFFFFFFFFF', ''])('refuses %j', (text) => {
    expect(parseCellMask(text)).toBeUndefined();
  });
});
