import { describe, expect, it } from 'vitest';
import type { CpuTimes } from '../hardware/cpu/cpu-times.ts';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import { ManualClock } from '../kube/time/manual-clock.fake.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { Observer } from './cycle.ts';
import { AgentMetrics } from './metrics/agent-metrics.ts';
import { inventoryOf } from './testing/cycles.ts';

const gpu = (bus: string, change: Partial<GpuDevice> = {}): GpuDevice => ({
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: `0000:${bus}:00.0`,
  pciDeviceId: '2330',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: { temperatureCelsius: 40 },
  ...change,
});
const machine = (...gpus: readonly GpuDevice[]): Inventory =>
  inventoryOf({ gpus: gpus.map((each, index) => ({ ...each, index })) });
const silent = machine(gpu('01', { health: 'unknown', readings: {} }), gpu('02', { health: 'unknown', readings: {} }));

/** Looks in a row, half a minute apart, each with what `/metrics` then says about temperatures. */
async function temperatures(looks: readonly Inventory[]): Promise<readonly (readonly string[])[]> {
  const clock = new ManualClock();
  let next = 0;
  const hardware = {
    probe: async () => looks[next] ?? machine(),
    cpuTimes: async () => undefined,
  };
  const observer = new Observer(hardware, clock, 30_000);
  const metrics = new AgentMetrics(new MetricsRegistry(), 'n');
  const seen: (readonly string[])[] = [];
  for (; next < looks.length; next += 1) {
    metrics.show(await observer.look(new AbortController().signal));
    const text = await metrics.text();
    const series = text.matchAll(/^flexinfer_gpu_temperature_celsius\{gpu="(\d+)",node="n"\} (\d+)$/gm);
    seen.push([...series].map(([, index, value]) => `${index}: ${value}`).sort());
    await clock.advance(30_000);
  }
  return seen;
}

describe('what is shown of GPUs over several looks', () => {
  it('are the readings of the last look', async () => {
    const warmer = machine(gpu('01', { readings: { temperatureCelsius: 50 } }), gpu('02', { readings: {} }));

    expect(await temperatures([machine(gpu('01'), gpu('02')), warmer])).toEqual([['0: 40', '1: 40'], ['0: 50']]);
  });

  it('drops readings after two intervals without an answer', async () => {
    const well = machine(gpu('01'), gpu('02'));

    expect(await temperatures([well, silent, silent, silent])).toEqual([
      ['0: 40', '1: 40'],
      ['0: 40', '1: 40'],
      ['0: 40', '1: 40'],
      [],
    ]);
  });

  it('65: keeps the numbers of the others when a GPU vanishes and comes back', async () => {
    const without = machine(gpu('02', { readings: { temperatureCelsius: 60 } }));

    const seen = await temperatures([machine(gpu('01'), gpu('02')), without, without, machine(gpu('01'), gpu('02'))]);

    expect(seen).toEqual([['0: 40', '1: 40'], ['1: 60'], ['1: 60'], ['0: 40', '1: 40']]);
  });
});

describe('Observer', () => {
  it('measures the load of the processors between looks, and knows none after the first', async () => {
    const times: readonly CpuTimes[] = [
      { busy: 100, total: 1000 },
      { busy: 150, total: 1100 },
      { busy: 150, total: 1200 },
    ];
    let next = 0;
    const hardware = { probe: async () => machine(), cpuTimes: async () => times[next++] };
    const observer = new Observer(hardware, new ManualClock(), 30_000);
    const look = () => observer.look(new AbortController().signal);

    const loads = [(await look()).cpuUtilization, (await look()).cpuUtilization, (await look()).cpuUtilization];

    expect(loads).toEqual([undefined, 0.5, 0]);
  });

  it('counts what should be there, what answers and what models may run on', async () => {
    const seen = machine(
      gpu('01'),
      gpu('02', { health: 'lost' }),
      gpu('03', { integrated: true }),
      gpu('04', { health: 'unknown', unusable: 'passed-through' }),
    );
    const hardware = { probe: async () => seen, cpuTimes: async () => undefined };

    const { counts } = await new Observer(hardware, new ManualClock(), 30_000).look(new AbortController().signal);

    expect(counts).toEqual({ expected: 4, visible: 2, usable: 1 });
  });
});
