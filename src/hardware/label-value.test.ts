import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLabelValue, labelValueOf } from './label-value.ts';

describe('labelValueOf', () => {
  it.each([
    ['NVIDIA TITAN X (Pascal)', 'NVIDIA-TITAN-X-Pascal'],
    ['Navi 22 [Radeon RX 6700/6700 XT / 6800M]', 'Navi-22-Radeon-RX-6700-6700-XT-6800M'],
    ['NVIDIA® Tesla™ T4', 'NVIDIA-TeslaTM-T4'],
    ['580.159.04', '580.159.04'],
    ['  --x--  ', 'x'],
  ])('writes %j as %j', (name, value) => {
    expect(labelValueOf(name)).toBe(value);
  });

  it.each(['', '()', '显卡', '—'])('54: has nothing to write for %j', (name) => {
    expect(labelValueOf(name)).toBeUndefined();
  });

  it('54: keeps two long names apart when it cuts them', () => {
    const values = ['a', 'b'].map((end) => labelValueOf(`${'long name '.repeat(10)}${end}`));

    expect(values[0]).not.toBe(values[1]);
    expect(values.every((value) => value !== undefined && isLabelValue(value) && value.length <= 63)).toBe(true);
  });

  it('always gives a valid value, and the same for what it gave', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const value = labelValueOf(name);

        expect(value === undefined || (value !== '' && isLabelValue(value))).toBe(true);
        expect(labelValueOf(value ?? '')).toBe(value);
      }),
    );
  });
});

describe('isLabelValue', () => {
  it.each(['', 'a', 'a.b_c-d', '1', 'x'.repeat(63)])('takes %j', (value) => {
    expect(isLabelValue(value)).toBe(true);
  });

  it.each(['-a', 'a-', '.a', 'a b', 'ä', 'x'.repeat(64)])('refuses %j', (value) => {
    expect(isLabelValue(value)).toBe(false);
  });
});
