import type { HostFiles } from '../host-files.ts';
import { parseSignedSysfsNumber, readSysfsNumber } from './sysfs-number.ts';

/** Values of the card's sensor directory, in the units of {@link GpuReadings}. */
export interface HwmonReadings {
  readonly temperatureCelsius?: number;
  readonly powerWatts?: number;
  readonly powerLimitWatts?: number;
  readonly smClockMHz?: number;
}

/** Sensors worth reporting, best first. Some chips have no `edge`; `junction` runs 10 to 20 degrees hotter. */
const PREFERRED_SENSORS = ['edge', 'junction'] as const;

/**
 * Which temperature to report, from the labels by sensor number. Their order differs between cards, and a card may
 * have sensors without labels.
 */
export function chooseSensor(labels: ReadonlyMap<number, string | undefined>): number | undefined {
  for (const wanted of PREFERRED_SENSORS) {
    for (const [sensor, label] of labels) if (label === wanted) return sensor;
  }
  return labels.has(1) && labels.get(1) === undefined ? 1 : undefined;
}

/** @param device sysfs directory of the PCI device; its hwmon number changes from boot to boot */
export async function readHwmon(files: HostFiles, device: string): Promise<HwmonReadings> {
  for (const name of (await files.list(`${device}/hwmon`)) ?? []) {
    if (!/^hwmon\d+$/.test(name)) continue;
    const directory = `${device}/hwmon/${name}`;
    const readings = await readDirectory(files, directory);
    if (Object.keys(readings).length > 0) return readings;
  }
  return {};
}

async function readDirectory(files: HostFiles, directory: string): Promise<HwmonReadings> {
  const names = (await files.list(directory)) ?? [];
  const labels = new Map<number, string | undefined>();
  for (const name of names) {
    const sensor = /^temp(\d+)_input$/.exec(name)?.[1];
    if (sensor === undefined) continue;
    labels.set(Number(sensor), (await files.read(`${directory}/temp${sensor}_label`)).text?.trim());
  }
  const sensor = chooseSensor(labels);
  const { text } = sensor === undefined ? { text: undefined } : await files.read(`${directory}/temp${sensor}_input`);
  const milliCelsius = text === undefined ? undefined : parseSignedSysfsNumber(text);
  // Newer parts and APUs have only the momentary value; where both exist the average is the better one.
  const powerFile = names.includes('power1_average') ? 'power1_average' : 'power1_input';
  const microwatts = await readSysfsNumber(files, `${directory}/${powerFile}`);
  const capMicrowatts = await readSysfsNumber(files, `${directory}/power1_cap`);
  const clockHz = await readSysfsNumber(files, `${directory}/freq1_input`);
  return {
    ...(milliCelsius === undefined ? {} : { temperatureCelsius: milliCelsius / 1000 }),
    ...(microwatts === undefined ? {} : { powerWatts: microwatts / 1e6 }),
    ...(capMicrowatts === undefined ? {} : { powerLimitWatts: capMicrowatts / 1e6 }),
    ...(clockHz === undefined ? {} : { smClockMHz: clockHz / 1e6 }),
  };
}
