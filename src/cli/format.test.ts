import { describe, expect, it } from 'vitest';
import { formatAge, formatBytes, formatCount, formatMiB, formatRate } from './format.ts';
import { renderTable } from './table.ts';

describe('numbers for people', () => {
  it.each([
    [formatMiB(812), '812 MiB'],
    [formatMiB(81_559), '79.6 GiB'],
    [formatBytes(98_362_432), '94 MiB'],
    [formatBytes(10), '10 B'],
    [formatCount(134_515_008), '135M'],
    [formatCount(7_240_000_000), '7.2B'],
    [formatRate(46.34), '46.3'],
    [formatRate(4.712), '4.71'],
    [formatRate(1240.4), '1240'],
    [formatAge(90_000), '90s'],
    [formatAge(3 * 86_400_000), '3d'],
    [formatAge(-5), '0s'],
  ])('%s', (actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('shows what is unknown as unknown', () => {
    expect([formatMiB(undefined), formatBytes(undefined), formatCount(undefined), formatRate(undefined)]).toEqual([
      '-',
      '-',
      '-',
      '-',
    ]);
  });
});

describe('renderTable', () => {
  it('aligns columns and leaves no blanks at line ends', () => {
    expect(
      renderTable(
        ['name', 'speed'],
        [
          ['smollm2', 46.3],
          ['x', undefined],
        ],
      ),
    ).toBe('NAME      SPEED\nsmollm2   46.3\nx         -\n');
  });
});
