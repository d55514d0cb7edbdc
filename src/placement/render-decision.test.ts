import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { renderDecision } from './render-decision.ts';
import { A10, T4 } from './testing/classes.ts';
import { cpuNode, gpu, gpuNode, measured, NOW_MS, requirement, snapshot } from './testing/fleet.ts';

describe('renderDecision', () => {
  it('shows what fits with all numbers behind the order, then what was refused and why', () => {
    const nodes = [
      gpuNode('worker-1', { gpus: [gpu({ utilization: 0.31 })], costPerHour: 1.25, observedAtMs: NOW_MS - 42_000 }),
      gpuNode('worker-2', { gpuClass: T4, gpus: [{ totalMiB: 15_000, healthy: true }] }),
      gpuNode('worker-3', { gpus: [gpu({ totalMiB: 4096 })] }),
      cpuNode('worker-4'),
    ];
    const wanted = requirement({ accelerator: 'GPU', vramMiBPerGpu: 6000 });
    const decision = decide(wanted, snapshot(nodes, [[A10, measured(41.23, { stale: true })]]));

    expect(renderDecision(decision)).toBe(
      `worker-1: fastest measured: 41.2 tokens/s

NODE       CLASS                       STEP   TOKENS/S           SOURCE                     BUSY             COST/H    SCORE   = TPS   - UTIL   - COST
worker-1   nvidia.a10.sm_86.22g        10     41.2 (40.4-42.1)   measured, 2 h ago, stale   31 %, 42 s ago   1.25      0.538   0.700   0.062    0.100
worker-2   nvidia.tesla-t4.sm_75.15g   9      22.0               roofline                   ~10 %            unknown   0.253   0.373   0.021    0.100

refused:
  NoGpu (1)
    worker-4: has no usable GPU
  VramCapacityTooSmall (1)
    worker-3: needs 6000 MiB, has 4096 MiB
`,
    );
  });

  it('shows a few examples of many refusals', () => {
    const nodes = Array.from({ length: 8 }, (_, index) => cpuNode(`node-${index}`));
    const text = renderDecision(decide(requirement({ accelerator: 'GPU' }), snapshot(nodes)));

    expect(text).toContain('no node fits: 8 NoGpu');
    expect(text).toContain('  NoGpu (8)\n');
    expect(text).toContain('    node-4: has no usable GPU\n    and 3 more\n');
  });

  it('shows warnings below the table', () => {
    const wanted = requirement({ vramMiBPerGpu: 6000, fit: 'Warn' });
    const text = renderDecision(decide(wanted, snapshot([gpuNode('a', { gpus: [gpu({ totalMiB: 4096 })] })])));

    expect(text).toContain('\nwarning: a: needs 6000 MiB, has 4096 MiB\n');
  });

  it('shows no refusals where there are none', () => {
    expect(renderDecision(decide(requirement(), snapshot([gpuNode('a')])))).not.toContain('refused');
  });
});
