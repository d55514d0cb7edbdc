import { describe, expect, it } from 'vitest';
import { type InstalledMachine, installMachine } from '../hardware/testing/install-machine.ts';
import * as machines from '../hardware/testing/machines.ts';
import { ManualClock } from '../kube/time/manual-clock.fake.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { createLogger } from '../runtime/logger.ts';
import { Agent } from './agent.ts';
import type { LabelSource } from './labels/node-labeller.ts';

/** Notes when it was started and what it was offered. */
class Notes {
  readonly offered: LabelSource[] = [];
  startedAtMs: number | undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  offer(source: LabelSource): void {
    this.offered.push(source);
  }

  async run(): Promise<void> {
    this.startedAtMs = this.#clock.monotonicMs();
  }
}

function agentOn(machine: InstalledMachine, clock: ManualClock, afterCycle?: () => Promise<void>): Agent {
  return new Agent({
    node: 'n',
    intervalMs: 30_000,
    hostRoot: machine.options.hostRoot,
    nvidiaSmi: machine.options.nvidiaSmi,
    clock,
    random: () => 0.5,
    log: createLogger({ program: 'test', destination: { write: () => undefined } }),
    registry: new MetricsRegistry(),
    ...(afterCycle === undefined ? {} : { afterCycle }),
  });
}

describe('Agent', () => {
  it('looks at once, waits for its part of the interval, then looks and labels at every interval', async () => {
    await using machine = await installMachine(machines.rx7900);
    const clock = new ManualClock();
    const notes = new Notes(clock);
    const agent = agentOn(machine, clock);
    const stop = new AbortController();
    const beganMs = clock.monotonicMs();
    const running = agent.run(stop.signal, notes, undefined);

    await until(() => notes.offered.length === 1);
    expect(notes.startedAtMs).toBeUndefined();
    expect(agent.heartbeat.ready).toBe(true);
    for (const [advanceMs, looks] of [
      [15_000, 2],
      [30_000, 3],
      [30_000, 4],
    ] as const) {
      await until(() => clock.waiting > 0);
      await clock.advance(advanceMs);
      await until(() => notes.offered.length === looks);
    }
    stop.abort(new Error('enough'));
    await running;

    expect((notes.startedAtMs ?? 0) - beganMs).toBe(15_000);
    expect(agent.latest?.counts).toEqual({ expected: 1, visible: 1, usable: 1 });
  });

  it('goes on after a fault of its own, and does not count that look', async () => {
    await using machine = await installMachine(machines.bareNode);
    const clock = new ManualClock();
    const notes = new Notes(clock);
    let faults = 0;
    const agent = agentOn(machine, clock, async () => {
      faults += 1;
      if (faults === 1) throw new Error('a fault');
    });
    const stop = new AbortController();
    const running = agent.run(stop.signal, notes, undefined);

    await until(() => faults === 1 && clock.waiting > 0);
    await clock.advance(15_000);
    await until(() => notes.offered.length === 2);
    stop.abort(new Error('enough'));
    await running;

    expect(agent.heartbeat.healthy).toBe(true);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
