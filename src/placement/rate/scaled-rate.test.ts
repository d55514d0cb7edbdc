import { describe, expect, it } from 'vitest';
import { A10, deviceClass, EPYC_8, EPYC_16, H100 } from '../testing/classes.ts';
import { scaledRate } from './scaled-rate.ts';

const H100_47 = deviceClass('nvidia.h100-80gb-hbm3.sm_90.47g');

function known(...rates: readonly (readonly [typeof A10, number])[]) {
  return [{ gpus: 1, rates: new Map(rates) }];
}

describe('scaledRate', () => {
  it('takes the rate of the same card with another memory', () => {
    expect(scaledRate(H100_47, 1, known([H100, 200]))).toBe(200);
  });

  it('scales the same CPU by its cores', () => {
    expect(scaledRate(EPYC_16, 1, known([EPYC_8, 30]))).toBe(60);
    expect(scaledRate(EPYC_8, 1, known([EPYC_16, 60]))).toBe(30);
  });

  it('scales the same card by the number of them', () => {
    expect(scaledRate(A10, 2, [{ gpus: 1, rates: new Map([[A10, 40]]) }])).toBe(80);
    expect(scaledRate(A10, 1, [{ gpus: 4, rates: new Map([[A10, 120]]) }])).toBe(30);
  });

  it('does not scale a CPU by the number of GPUs', () => {
    expect(scaledRate(EPYC_8, 2, [{ gpus: 1, rates: new Map([[EPYC_8, 30]]) }])).toBe(30);
  });

  it('goes by the nearest relative', () => {
    const cores4 = deviceClass('cpu.amd-epyc-7763.v3.4c');

    expect(scaledRate(EPYC_16, 1, known([cores4, 10], [EPYC_8, 30]))).toBe(60);
    expect(scaledRate(EPYC_16, 1, known([EPYC_8, 30], [cores4, 10]))).toBe(60);
  });

  it('knows no relatives among other products, levels and names that a person gave', () => {
    const older = deviceClass('cpu.amd-epyc-7763.v2.8c');

    expect(scaledRate(A10, 1, known([H100, 200], [EPYC_8, 30]))).toBeUndefined();
    expect(scaledRate(EPYC_8, 1, known([older, 30]))).toBeUndefined();
    expect(scaledRate(deviceClass('my-own-class'), 1, known([A10, 40]))).toBeUndefined();
  });
});
