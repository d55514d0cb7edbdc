import { describe, expect, it } from 'vitest';
import type { GpuDevice, HardwareProblem } from '../hardware/inventory.ts';
import { ManualClock } from '../kube/time/manual-clock.fake.ts';
import { Heartbeat } from './heartbeat.ts';
import { cycleOf } from './testing/cycles.ts';

const h100: GpuDevice = {
  index: 0,
  vendor: 'NVIDIA',
  pciAddress: '0000:01:00.0',
  pciDeviceId: '2330',
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: {},
};
const problem = (reason: string): HardwareProblem => ({ source: 'nvidia', reason, detail: 'x' });
const well = cycleOf({ gpus: [h100] });
const refused = cycleOf({ gpus: [{ ...h100, health: 'unknown' }], problems: [problem('nvml_unknown_error')] });
const mismatch = cycleOf({ gpus: [{ ...h100, health: 'unknown' }], problems: [problem('library_mismatch')] });

describe('Heartbeat', () => {
  it('is ready after the first look', () => {
    const heartbeat = new Heartbeat(new ManualClock(), 30_000);

    expect(heartbeat.ready).toBe(false);
    heartbeat.beat(well);
    expect(heartbeat.ready).toBe(true);
  });

  it('is healthy as long as looks end, and not when none has ended for three intervals', async () => {
    const clock = new ManualClock();
    const heartbeat = new Heartbeat(clock, 30_000);
    await clock.advance(89_000);
    expect(heartbeat.healthy).toBe(true);
    await clock.advance(2000);
    expect(heartbeat.healthy).toBe(false);
    heartbeat.beat(well);
    expect(heartbeat.healthy).toBe(true);
  });

  it('61: does not notice when somebody sets the clock', () => {
    const clock = new ManualClock();
    const heartbeat = new Heartbeat(clock, 30_000);
    clock.jumpWall(3_600_000);

    expect(heartbeat.healthy).toBe(true);
  });

  it('10: fails when the driver keeps saying Unknown Error after it had answered', () => {
    const heartbeat = new Heartbeat(new ManualClock(), 30_000);
    heartbeat.beat(well);
    const healthy = Array.from({ length: 5 }, () => {
      heartbeat.beat(refused);
      return heartbeat.healthy;
    });

    expect(healthy).toEqual([true, true, true, true, false]);
    heartbeat.beat(well);
    expect(heartbeat.healthy).toBe(true);
  });

  it('10: does not when the driver never answered, because a restart would change nothing', () => {
    const heartbeat = new Heartbeat(new ManualClock(), 30_000);
    for (let cycle = 0; cycle < 10; cycle += 1) heartbeat.beat(refused);

    expect(heartbeat.healthy).toBe(true);
  });

  it('9: does not for a mismatch of driver and library, which only the host can cure', () => {
    const heartbeat = new Heartbeat(new ManualClock(), 30_000);
    heartbeat.beat(well);
    for (let cycle = 0; cycle < 10; cycle += 1) heartbeat.beat(mismatch);

    expect(heartbeat.healthy).toBe(true);
  });
});
