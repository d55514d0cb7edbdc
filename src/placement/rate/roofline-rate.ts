import { type DeviceClass, parseDeviceClass } from '../../api/device-class.ts';
import { deviceBandwidth } from './device-bandwidth.ts';

/** What engines reach of the bandwidth on the data sheet when they generate one token at a time; rough. */
const EFFICIENCY = 0.6;

/**
 * What memory allows: every token reads all weights once, so the rate is bandwidth over bytes. Measurements of the model
 * on devices of the same kind replace the rough constant, since what an engine reaches of the bandwidth carries over.
 *
 * @param known measured rates of the same model
 */
export function rooflineRate(
  deviceClass: DeviceClass,
  known: ReadonlyMap<DeviceClass, number>,
  weightBytes: number | undefined,
): number | undefined {
  const bandwidth = deviceBandwidth(deviceClass);
  if (bandwidth === undefined) return undefined;
  const kind = parseDeviceClass(deviceClass)?.kind;
  const perBandwidth: number[] = [];
  for (const [other, rate] of known) {
    const otherBandwidth = deviceBandwidth(other);
    if (otherBandwidth !== undefined && parseDeviceClass(other)?.kind === kind)
      perBandwidth.push(rate / otherBandwidth);
  }
  if (perBandwidth.length > 0) return bandwidth * geometricMean(perBandwidth);
  return weightBytes !== undefined && weightBytes > 0 ? (bandwidth * EFFICIENCY) / weightBytes : undefined;
}

function geometricMean(values: readonly number[]): number {
  const sum = values.toSorted((a, b) => a - b).reduce((total, value) => total + Math.log(value), 0);
  return Math.exp(sum / values.length);
}
