import { describe, expect, it } from 'vitest';
import { Hardware } from '../hardware/probe-hardware.ts';
import { installMachine } from '../hardware/testing/install-machine.ts';
import { eightH100, oneH100 } from '../hardware/testing/machines.ts';
import { sampleGpus } from './device-watch.ts';
import { hasStrangers } from './strangers.ts';

const signal = new AbortController().signal;
const gpu = '0000:01:00.0';
/** 10 is the engine, 11 its worker, 12 a worker of that; 90 is somebody else. */
const parents: Readonly<Record<number, number>> = { 10: 1, 11: 10, 12: 11, 90: 1 };
const parentOf = (pid: number) => Promise.resolve(parents[pid]);
const on = (pciAddress: string, ...pids: readonly number[]) => pids.map((pid) => ({ pciAddress, pid }));

describe('a stranger on the device', () => {
  it.each<[string, readonly number[], boolean]>([
    ['nobody', [], false],
    ['the engine', [10], false],
    ['the engine with its workers', [10, 11, 12], false],
    ['a worker alone', [12], false],
    ['the engine and somebody else', [10, 90], true],
    ['a worker and somebody else', [12, 90], true],
    ['one process under a number that is not known here', [5000], false],
    ['two processes under numbers that are not known here', [5000, 5001], true],
  ])('is told from %s', async (_, pids, expected) => {
    expect(await hasStrangers(on(gpu, ...pids), 10, parentOf)).toBe(expected);
  });

  it('is looked for on each device by itself', async () => {
    const processes = [...on(gpu, 5000), ...on('0000:02:00.0', 5000)];

    expect(await hasStrangers(processes, 10, parentOf)).toBe(false);
    expect(await hasStrangers([...processes, ...on(gpu, 5001)], 10, parentOf)).toBe(true);
  });

  it('is anybody while no engine is there', async () => {
    expect(await hasStrangers(on(gpu, 10), undefined, parentOf)).toBe(true);
    expect(await hasStrangers([], undefined, parentOf)).toBe(false);
  });

  it('ends the search where numbers run in a circle', async () => {
    expect(await hasStrangers(on(gpu, 3), 10, (pid) => Promise.resolve(pid === 3 ? 4 : 3))).toBe(false);
  });

  it('is not this process, which is its own and its parent’s child', async () => {
    expect(await hasStrangers(on(gpu, process.pid), process.ppid)).toBe(false);
    expect(await hasStrangers(on(gpu, process.pid, 1), process.pid)).toBe(true);
  });
});

describe('a look at the GPUs of a replica', () => {
  it('gives what the driver tells (fake nvidia-smi with captured values)', async () => {
    await using machine = await installMachine(oneH100);
    const hardware = new Hardware(machine.options);
    const { gpus } = await hardware.probe(signal);

    const sample = await sampleGpus(gpus, 10, hardware)(signal);

    const { readings } = await hardware.readGpus(gpus, signal);
    const [first] = gpus;
    const known = first === undefined ? undefined : readings.get(first.pciAddress);
    expect(sample).toMatchObject({
      memoryUsedMiB: known?.memoryUsedMiB,
      powerWatts: known?.powerWatts,
      contended: false,
    });
    expect(sample.powerWatts).toBeGreaterThan(0);
  });

  it('adds up the GPUs it is about, and only those', async () => {
    await using machine = await installMachine(eightH100);
    const hardware = new Hardware(machine.options);
    const { gpus } = await hardware.probe(signal);
    const one = await sampleGpus(gpus.slice(0, 1), 10, hardware)(signal);

    const two = await sampleGpus(gpus.slice(0, 2), 10, hardware)(signal);

    expect(one.powerWatts).toBeGreaterThan(0);
    expect(two.powerWatts).toBeGreaterThan(one.powerWatts ?? 0);
  });

  it('knows nothing, and says nothing, where there is no tool', async () => {
    await using machine = await installMachine({ tree: oneH100.tree });
    const hardware = new Hardware(machine.options);
    const { gpus } = await hardware.probe(signal);

    expect(await sampleGpus(gpus, 10, hardware)(signal)).toEqual({
      memoryUsedMiB: undefined,
      powerWatts: undefined,
      throttled: false,
      contended: false,
    });
  });
});
