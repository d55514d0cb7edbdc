import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { chooseSensor, type HwmonReadings, readHwmon } from './hwmon.ts';

async function sensors(files: Readonly<Record<string, string>>): Promise<HwmonReadings> {
  const tree: HostTree = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/dev/hwmon/${name}`, `${text}\n`]),
  );
  await using machine = await installMachine({ tree });
  return await readHwmon(hostFiles(machine.options.hostRoot), '/dev');
}

describe('chooseSensor', () => {
  it('goes by label and not by number', () => {
    expect(
      chooseSensor(
        new Map([
          [1, 'junction'],
          [2, 'mem'],
          [3, 'edge'],
        ]),
      ),
    ).toBe(3);
    expect(
      chooseSensor(
        new Map([
          [1, 'mem'],
          [2, 'junction'],
        ]),
      ),
    ).toBe(2);
  });

  it('takes the first sensor when it has no label, and never the memory’s', () => {
    expect(
      chooseSensor(
        new Map([
          [1, undefined],
          [2, 'mem'],
        ]),
      ),
    ).toBe(1);
    expect(chooseSensor(new Map([[1, 'mem']]))).toBeUndefined();
    expect(chooseSensor(new Map())).toBeUndefined();
  });
});

describe('readHwmon', () => {
  it('takes the first directory with sensors in it', async () => {
    const readings = await sensors({
      'hwmon2/name': 'empty',
      'hwmon7/temp1_input': '65000',
      'hwmon7/temp1_label': 'junction',
      'hwmon7/temp2_input': '52000',
      'hwmon7/temp2_label': 'edge',
    });

    expect(readings).toEqual({ temperatureCelsius: 52 });
  });

  it('prefers the average power, and takes zero for a value', async () => {
    expect(await sensors({ 'hwmon0/power1_average': '0', 'hwmon0/power1_input': '9000000' })).toEqual({
      powerWatts: 0,
    });
    expect(await sensors({ 'hwmon0/power1_input': '11500000' })).toEqual({ powerWatts: 11.5 });
  });

  it('leaves out what is no number', async () => {
    expect(
      await sensors({ 'hwmon0/temp1_input': '', 'hwmon0/power1_average': 'N/A', 'hwmon0/freq1_input': '2304000000' }),
    ).toEqual({ smClockMHz: 2304 });
  });
});
