import { describe, expect, it } from 'vitest';
import { decide, prepare } from './decide.ts';
import { A10, EPYC_8, H100, ODD, T4 } from './testing/classes.ts';
import { cpuNode, gpu, gpuNode, measured, NOW_MS, requirement, snapshot } from './testing/fleet.ts';

const h100 = gpuNode('h100', { gpuClass: H100 });
const a10 = gpuNode('a10');
const t4 = gpuNode('t4', { gpuClass: T4 });
const odd = gpuNode('odd', { gpuClass: ODD });

function stepsOf(...parameters: Parameters<typeof decide>) {
  return Object.fromEntries(decide(...parameters).ranking.map(({ node, step }) => [node, step]));
}

describe('decide', () => {
  it('answers for every node of the snapshot, best first', () => {
    const decision = decide(
      requirement(),
      snapshot(
        [t4, h100, a10],
        [
          [H100, 200],
          [A10, 40],
          [T4, 20],
        ],
      ),
    );

    expect(decision.ranking.map(({ node, step }) => [node, step])).toEqual([
      ['h100', 10],
      ['a10', 9],
      ['t4', 8],
    ]);
    expect(decision.best?.node).toBe('h100');
    expect(decision.verdicts.map(({ node }) => node)).toEqual(['t4', 'h100', 'a10']);
    expect(decision.atMs).toBe(NOW_MS);
  });

  it('answers for the names asked about alone, in their order and once each', () => {
    const names = ['a10', 'ghost', 't4', 'a10', '__proto__'];
    const decision = decide(requirement(), snapshot([h100, a10, t4], [[H100, 200]]), names);

    expect(decision.verdicts.map(({ node, fits }) => [node, fits])).toEqual([
      ['a10', true],
      ['ghost', false],
      ['t4', true],
      ['__proto__', false],
    ]);
    expect(decision.verdicts[1]).toMatchObject({ reason: 'NodeUnknown' });
  });

  it('answers for nothing at all', () => {
    expect(decide(requirement(), snapshot([]))).toMatchObject({ verdicts: [], ranking: [], best: undefined });
    expect(decide(requirement(), snapshot([a10]), [])).toMatchObject({ verdicts: [], ranking: [] });
  });

  it('adds the score up from its terms', () => {
    const nodes = [gpuNode('a', { costPerHour: 4, gpus: [gpu({ utilization: 0.5 })] })];
    const { best } = decide(requirement(), snapshot(nodes, [[A10, 40]]));

    expect(best?.score).toBeCloseTo(0.7 - 0.2 * 0.5 - 0.1);
    expect(best).toMatchObject({ on: 'gpu', deviceClass: A10, costPerHour: 4, speed: { tokensPerSecond: 40 } });
  });

  it('prefers the idle of two equal nodes, and calls a small difference a tie', () => {
    const busy = gpuNode('busy', { gpus: [gpu({ utilization: 0.8 })] });
    const nearly = gpuNode('nearly', { gpus: [gpu({ utilization: 0.05 })] });

    expect(stepsOf(requirement(), snapshot([busy, nearly, a10], [[A10, 40]]))).toEqual({
      a10: 10,
      nearly: 10,
      busy: 9,
    });
  });

  it('gives an unknown class neither the first nor the last place', () => {
    const idle = { ...odd, gpus: [gpu({ utilization: 0 })] };
    const busy = { ...a10, gpus: [gpu({ utilization: 1 })] };
    const steps = stepsOf(
      requirement(),
      snapshot(
        [idle, busy, t4],
        [
          [A10, 40],
          [T4, 5],
        ],
      ),
    );

    expect(steps).toEqual({ a10: 10, odd: 9, t4: 9 });
  });

  it('gives all the same place when no speed is known', () => {
    expect(stepsOf(requirement(), snapshot([odd, gpuNode('other', { gpuClass: ODD })]))).toEqual({
      odd: 10,
      other: 10,
    });
  });

  it('puts a measured node before an estimated one in one step', () => {
    const first = gpuNode('0-estimated', { gpuClass: H100 });

    expect(decide(requirement(), snapshot([first, a10], [[A10, 40]])).ranking.map(({ node }) => node)).toEqual([
      'a10',
      '0-estimated',
    ]);
  });

  it('goes by cost alone when told to, whatever is known of speeds', () => {
    const weights = { tps: 0, util: 0, cost: 1 };
    const nodes = [
      { ...h100, costPerHour: 9 },
      { ...odd, costPerHour: 1 },
    ];

    expect(stepsOf(requirement({ weights }), snapshot(nodes, [[H100, 200]]))).toEqual({ odd: 10, h100: 9 });
  });

  it('puts a node on which the model is only let pass below those on which it fits', () => {
    const wanted = requirement({ vramMiBPerGpu: 6000, fit: 'Warn' });
    const small = { ...h100, gpus: [gpu({ totalMiB: 4096 })] };
    const decision = decide(
      wanted,
      snapshot(
        [small, t4],
        [
          [H100, 200],
          [T4, 10],
        ],
      ),
    );

    expect(decision.best?.node).toBe('t4');
    expect(decision.ranking[1]?.warnings).toEqual(['needs 6000 MiB, has 4096 MiB']);
  });

  it('refuses what is below the floor, or proves nothing about it', () => {
    const wanted = requirement({ minTokensPerSecond: 20 });
    const rates = [
      [H100, 200],
      [A10, measured(40, { samples: 2 })],
      [T4, 20],
    ] as const;
    const { verdicts } = decide(wanted, snapshot([h100, a10, t4, odd], rates));

    expect(verdicts.map((each) => (each.fits ? 'fits' : each.reason))).toEqual([
      'fits',
      'SpeedUnknown',
      'SpeedFloorUnmet',
      'SpeedUnknown',
    ]);
  });

  it('refuses weights that cannot be used', () => {
    expect(() => decide(requirement({ weights: { tps: 0, util: 0, cost: 0 } }), snapshot([a10]))).toThrow(RangeError);
  });
});

describe('decide for the lowest cost', () => {
  const fleet = [
    { ...h100, costPerHour: 8 },
    { ...a10, costPerHour: 1 },
    { ...t4, costPerHour: 0.4 },
  ];
  const rates = [
    [H100, 200],
    [A10, 40],
    [T4, 10],
  ] as const;

  it('takes the cheapest per hour above the floor', () => {
    const wanted = requirement({ objective: 'Cost', minTokensPerSecond: 20 });
    const decision = decide(wanted, snapshot(fleet, rates));

    expect(decision.ranking.map(({ node, step, score }) => [node, step, score])).toEqual([
      ['a10', 10, 1],
      ['h100', 9, 0.125],
    ]);
    expect(decision.why).toBe('lowest cost: 1 per hour at 40.0 tokens/s, at least 39.2');
  });

  it('takes the cheapest per token without a floor', () => {
    const decision = decide(requirement({ objective: 'Cost' }), snapshot(fleet, rates));

    expect(decision.ranking.map(({ node }) => node)).toEqual(['a10', 'h100', 't4']);
    expect(decision.why).toBe('lowest cost per token: 1 per hour at 40.0 tokens/s');
  });

  it('compares whole replicas: two GPUs cost twice what one does', () => {
    const pair = gpuNode('pair', { gpuClass: H100, gpus: [gpu(), gpu()], costPerHour: 1 });
    const cpu = cpuNode('cpu', { costPerHour: 1.5 });
    const wanted = requirement({ objective: 'Cost', minTokensPerSecond: 1, gpus: 2 });

    expect(
      stepsOf(
        wanted,
        snapshot(
          [pair, cpu],
          [
            [H100, 200],
            [EPYC_8, 5],
          ],
        ),
      ),
    ).toEqual({ cpu: 10, pair: 9 });
  });

  it('tells cheap nodes apart in a fleet with a dear one', () => {
    const wanted = requirement({ objective: 'Cost', minTokensPerSecond: 1 });
    const nodes = [
      { ...h100, costPerHour: 900 },
      { ...a10, costPerHour: 0.6 },
      { ...t4, costPerHour: 0.4 },
    ];

    expect(stepsOf(wanted, snapshot(nodes, rates))).toEqual({ t4: 10, a10: 9, h100: 8 });
  });

  it('never takes an unknown cost for the lowest', () => {
    const wanted = requirement({ objective: 'Cost', minTokensPerSecond: 1 });
    const { costPerHour: _unknown, ...unpriced } = { ...t4, costPerHour: 0 };
    const nodes = [
      unpriced,
      { ...a10, costPerHour: 5 },
      { ...gpuNode('elsewhere', { gpuVendor: 'AMD' }), costPerHour: 1 },
    ];

    expect(stepsOf({ ...wanted, vendors: ['NVIDIA'] }, snapshot(nodes, rates))).toEqual({ a10: 10, t4: 9 });
  });

  it('goes by speed where no node has a cost', () => {
    const decision = decide(requirement({ objective: 'Cost' }), snapshot([t4, h100], rates));

    expect(decision.best?.node).toBe('h100');
    expect(decision.why).toBe('fastest measured: 200.0 tokens/s');
  });

  it('ranks what costs nothing first', () => {
    const nodes = [
      { ...h100, costPerHour: 0 },
      { ...a10, costPerHour: 1 },
    ];

    expect(stepsOf(requirement({ objective: 'Cost' }), snapshot(nodes, rates))).toEqual({ h100: 10, a10: 9 });
  });
});

describe('prepare', () => {
  it('gives the steps and refusals of a decision without its words', () => {
    const placer = prepare(
      requirement({ vramMiBPerGpu: 6000 }),
      snapshot([h100, a10, { ...t4, gpus: [] }], [[A10, 40]]),
    );
    const names = ['t4', 'a10', 'h100', 'ghost'];
    const { ranking } = placer.decide(names);

    expect([...placer.steps(names)]).toEqual(expect.arrayContaining(ranking.map(({ node, step }) => [node, step])));
    expect(placer.steps(names).size).toBe(2);
    expect(names.map((name) => placer.refusal(name)?.reason)).toEqual(['NoGpu', undefined, undefined, 'NodeUnknown']);
  });
});
