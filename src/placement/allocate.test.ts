import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllocationWish, allocateReplicas, type Room } from './allocate.ts';
import { A10, EPYC_8, H100, XTX } from './testing/classes.ts';
import { cpuNode, gpu, gpuNode, requirement, snapshot } from './testing/fleet.ts';

const h100 = gpuNode('h100', { gpuClass: H100, gpus: [gpu(), gpu()] });
const xtx = gpuNode('xtx', { gpuClass: XTX, gpuVendor: 'AMD', gpuArch: 'gfx1100' });
const cpu = cpuNode('cpu');
const FLEET = snapshot(
  [h100, xtx, cpu],
  [
    [H100, 200],
    [XTX, 60],
    [EPYC_8, 8],
  ],
);

function rooms(h100Gpus: number, xtxGpus: number, cpuReplicas: number): ReadonlyMap<string, Room> {
  return new Map([
    ['h100', { gpus: h100Gpus, cpuReplicas: 0 }],
    ['xtx', { gpus: xtxGpus, cpuReplicas: 0 }],
    ['cpu', { gpus: 0, cpuReplicas }],
  ]);
}

function allocate(wish: AllocationWish, changes: Parameters<typeof requirement>[0] = {}) {
  return allocateReplicas(requirement(changes), FLEET, wish);
}

describe('allocateReplicas', () => {
  it('fills the fastest devices first', () => {
    expect(allocate({ replicas: 4, room: rooms(2, 1, 9) })).toEqual({
      replicas: { nvidia: 2, amd: 1, cpu: 1 },
      waiting: 0,
      impossible: 0,
    });
  });

  it('fills the cheapest first when cost is the objective', () => {
    const priced = { ...FLEET, nodes: [{ ...h100, costPerHour: 8 }, { ...xtx, costPerHour: 1 }, cpu] };
    const wanted = requirement({ objective: 'Cost', minTokensPerSecond: 20 });

    expect(allocateReplicas(wanted, priced, { replicas: 2, room: rooms(2, 1, 9) }).replicas).toEqual({
      nvidia: 1,
      amd: 1,
      cpu: 0,
    });
  });

  it('counts several GPUs per replica', () => {
    const { replicas } = allocate({ replicas: 2, room: rooms(3, 1, 9) }, { gpus: 2 });

    expect(replicas).toEqual({ nvidia: 1, amd: 0, cpu: 1 });
  });

  it('lets the rest wait in the best family', () => {
    expect(allocate({ replicas: 5, room: rooms(1, 1, 0) })).toEqual({
      replicas: { nvidia: 4, amd: 1, cpu: 0 },
      waiting: 3,
      impossible: 0,
    });
  });

  it('goes round families in which pods could not be scheduled, unless there is no other', () => {
    const avoid = new Set(['nvidia'] as const);

    expect(allocate({ replicas: 2, room: rooms(2, 1, 9), avoid }).replicas).toEqual({ nvidia: 0, amd: 1, cpu: 1 });
    expect(allocate({ replicas: 2, room: rooms(0, 0, 0), avoid }).replicas).toEqual({ nvidia: 0, amd: 2, cpu: 0 });
    expect(allocate({ replicas: 2, room: rooms(2, 0, 0), avoid }, { vendors: ['NVIDIA'] }).replicas).toEqual({
      nvidia: 2,
      amd: 0,
      cpu: 0,
    });
  });

  it('never moves a replica that runs', () => {
    const running = { cpu: 2 };

    expect(allocate({ replicas: 3, room: rooms(2, 1, 0), running }).replicas).toEqual({ nvidia: 1, amd: 0, cpu: 2 });
  });

  it('gives the slowest back first', () => {
    const running = { nvidia: 1, amd: 1, cpu: 2 };

    expect(allocate({ replicas: 2, room: rooms(2, 1, 9), running }).replicas).toEqual({ nvidia: 1, amd: 1, cpu: 0 });
    expect(allocate({ replicas: 0, room: rooms(2, 1, 9), running }).replicas).toEqual({ nvidia: 0, amd: 0, cpu: 0 });
  });

  it('waits where a refusal may pass, and says what never will', () => {
    const full = snapshot([
      { ...xtx, gpus: [gpu({ freeMiB: 10 })] },
      { ...h100, gpus: [gpu({ totalMiB: 512 })] },
    ]);
    const wanted = requirement({ vramMiBPerGpu: 6000 });
    const wish = { replicas: 2, room: rooms(2, 1, 0) };

    expect(allocateReplicas(wanted, full, wish)).toEqual({
      replicas: { nvidia: 0, amd: 2, cpu: 0 },
      waiting: 2,
      impossible: 0,
    });
    expect(allocateReplicas({ ...wanted, vendors: ['NVIDIA'] }, full, wish)).toMatchObject({ impossible: 2 });
  });

  it('gives no node more than it has room for, and loses no replica', () => {
    const count = fc.nat(6);

    fc.assert(
      fc.property(
        fc.nat(20),
        count,
        count,
        count,
        fc.record({ nvidia: count, amd: count, cpu: count }),
        (replicas, a, b, c, running) => {
          const { replicas: given, waiting, impossible } = allocate({ replicas, room: rooms(a, b, c), running });
          const total = given.nvidia + given.amd + given.cpu;

          expect(total + impossible).toBe(replicas);
          expect(given.amd).toBeLessThanOrEqual(running.amd + b);
          expect(given.cpu).toBeLessThanOrEqual(running.cpu + c);
          expect(given.nvidia).toBeLessThanOrEqual(running.nvidia + a + waiting);
        },
      ),
    );
  });

  it('does not depend on speeds of hardware that is not there', () => {
    const here = allocateReplicas(requirement(), snapshot([xtx], [[XTX, 60]]), { replicas: 1, room: rooms(0, 1, 0) });
    const gone = allocateReplicas(
      requirement(),
      snapshot(
        [xtx],
        [
          [XTX, 60],
          [A10, 900],
        ],
      ),
      { replicas: 1, room: rooms(0, 1, 0) },
    );

    expect(gone).toEqual(here);
  });
});
