import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { A10, EPYC_8, H100, ODD, T4 } from './testing/classes.ts';
import { cpuNode, gpu, gpuNode, requirement, snapshot } from './testing/fleet.ts';

const h100 = gpuNode('h100', { gpuClass: H100 });
const a10 = gpuNode('a10');
const t4 = gpuNode('t4', { gpuClass: T4 });

function why(...parameters: Parameters<typeof decide>): string {
  return decide(...parameters).why;
}

describe('the reason of a decision', () => {
  it('is that there was no choice', () => {
    expect(why(requirement(), snapshot([a10]))).toBe('the only device');
    expect(why(requirement({ vendors: ['NVIDIA'] }), snapshot([a10, cpuNode('cpu')]))).toBe(
      'the only one of 2 that fits',
    );
  });

  it('is the measured speed', () => {
    expect(
      why(
        requirement(),
        snapshot(
          [a10, t4],
          [
            [A10, 41.23],
            [T4, 20],
          ],
        ),
      ),
    ).toBe('fastest measured: 41.2 tokens/s');
  });

  it('is more than the speed when a faster node is too busy', () => {
    const busy = { ...a10, gpus: [gpu({ utilization: 1 })] };

    expect(
      why(
        requirement(),
        snapshot(
          [busy, t4],
          [
            [A10, 41],
            [T4, 39],
          ],
        ),
      ),
    ).toBe('best score: 39.0 tokens/s measured, less used or cheaper');
  });

  it('says what is only an estimate', () => {
    const busy = { ...t4, gpus: [gpu({ utilization: 1 })] };

    expect(why(requirement({ weightBytes: 6e9 }), snapshot([h100, t4]))).toBe(
      'estimated fastest; nothing measured yet',
    );
    expect(why(requirement(), snapshot([h100, busy], [[T4, 32]]))).toBe(
      'estimated fastest: 335.0 tokens/s, not measured yet',
    );
  });

  it('says when nothing is known', () => {
    const odd = gpuNode('odd', { gpuClass: ODD });

    expect(why(requirement(), snapshot([odd, { ...odd, name: 'other' }]))).toBe(
      'of no node is a speed known; chosen by use, cost and name',
    );
  });

  it('counts the refusals with an example of each, in their fixed order', () => {
    const small = gpuNode('small', { gpus: [gpu({ totalMiB: 4096 })] });
    const nodes = [{ ...small, name: 'b' }, small, gpuNode('none', { gpus: [] })];

    expect(why(requirement({ vramMiBPerGpu: 6000 }), snapshot(nodes))).toBe(
      'no node fits: 1 NoGpu (has no usable GPU); 2 VramCapacityTooSmall (needs 6000 MiB, has 4096 MiB)',
    );
    expect(why(requirement(), snapshot([]))).toBe('no node fits: there is none');
  });

  it('knows an unknown speed at the lowest cost', () => {
    const nodes = [cpuNode('a', { costPerHour: 1 }), cpuNode('b', { costPerHour: 2 })];

    expect(why(requirement({ objective: 'Cost' }), snapshot(nodes))).toBe(
      'lowest cost per token: 1 per hour at an unknown speed',
    );
    expect(why(requirement({ objective: 'Cost' }), snapshot(nodes, [[EPYC_8, 5]]))).toBe(
      'lowest cost per token: 1 per hour at 5.0 tokens/s',
    );
  });
});
