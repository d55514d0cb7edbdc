import { describe, expect, it } from 'vitest';
import { A10, EPYC_8, H100, ODD, T4 } from '../testing/classes.ts';
import { cpuNode, gpuNode, requirement, snapshot } from '../testing/fleet.ts';
import { fleetScale } from './fleet-scale.ts';

const a10 = gpuNode('a10');
const t4 = gpuNode('t4', { gpuClass: T4 });

describe('fleetScale', () => {
  it('takes the best measured for the full rate, even where an estimate is higher', () => {
    const scale = fleetScale(requirement(), snapshot([a10, t4, gpuNode('h100', { gpuClass: H100 })], [[T4, 32]]));

    expect(scale.fullRate).toBe(32);
    expect(scale.rateOf(H100)).toMatchObject({ source: 'roofline', tokensPerSecond: expect.closeTo(335) });
  });

  it('takes the best estimate where nothing is measured', () => {
    const scale = fleetScale(requirement({ weightBytes: 6e9 }), snapshot([a10, t4]));

    expect(scale.fullRate).toBeCloseTo(60);
  });

  it('leaves out measurements of hardware that the fleet does not have', () => {
    expect(
      fleetScale(
        requirement(),
        snapshot(
          [a10],
          [
            [H100, 200],
            [A10, 40],
          ],
        ),
      ).fullRate,
    ).toBe(40);
  });

  it('leaves out classes on which the model may not run', () => {
    const mixed = snapshot(
      [a10, cpuNode('cpu')],
      [
        [A10, 40],
        [EPYC_8, 5],
      ],
    );

    expect(fleetScale(requirement({ accelerator: 'CPU' }), mixed).fullRate).toBe(5);
    expect(fleetScale(requirement({ accelerator: 'GPU' }), mixed).fullRate).toBe(40);
  });

  it('rates what is unknown in the middle, at most at half of the best', () => {
    const odd = gpuNode('odd', { gpuClass: ODD });

    expect(fleetScale(requirement(), snapshot([odd])).unknownTps).toBe(0.5);
    expect(fleetScale(requirement(), snapshot([odd, a10], [[A10, 40]])).unknownTps).toBe(0.5);
    expect(
      fleetScale(
        requirement(),
        snapshot(
          [odd, a10, t4],
          [
            [A10, 40],
            [T4, 10],
          ],
        ),
      ).unknownTps,
    ).toBe(0.25);
  });
});
