import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countCpuList, parseAffinity } from './cpu-list.ts';

describe('countCpuList', () => {
  it.each([
    ['0', 1],
    ['0-3', 4],
    ['0-3,8,10-11\n', 7],
  ])('counts %j', (text, count) => {
    expect(countCpuList(text)).toBe(count);
  });

  it.each(['', ',', '3-1', '0-', '-1', 'a', '0-31:2/4', '1,,2'])('refuses %j', (text) => {
    expect(countCpuList(text)).toBeUndefined();
  });

  it('counts every list of single CPUs', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4095 }), { minLength: 1 }), (cpus) => {
        expect(countCpuList(cpus.join(','))).toBe(cpus.length);
      }),
    );
  });
});

describe('parseAffinity', () => {
  it('takes the list, not the mask', () => {
    expect(parseAffinity('Cpus_allowed:\tff\nCpus_allowed_list:\t2-3\nMems_allowed_list:\t0\n')).toBe(2);
  });

  it('is unknown without the line', () => {
    expect(parseAffinity('Name:\tnode\n')).toBeUndefined();
  });
});
