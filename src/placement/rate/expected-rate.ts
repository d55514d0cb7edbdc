import type { DeviceClass } from '../../api/device-class.ts';
import type { RatedSpeed } from '../decision.ts';
import type { Requirement } from '../requirement.ts';
import type { MeasuredSpeed, SpeedTable } from '../snapshot.ts';
import { ratioRate } from './ratio-rate.ts';
import { rooflineRate } from './roofline-rate.ts';
import { scaledRate } from './scaled-rate.ts';

/** What an expected rate is asked for. */
export type RatedModel = Pick<Requirement, 'modelHash' | 'gpus' | 'weightBytes' | 'otherCounts'>;

/** Samples below which a measurement has no interval. */
const MIN_SAMPLES = 3;

/**
 * Expected decode rate of one replica of a model on a class: measured, or else the best estimate there is, which names
 * its source. A class is unknown where a node does not say it, and then nothing can be expected of it.
 */
export function expectedRate(model: RatedModel, deviceClass: DeviceClass | undefined, speeds: SpeedTable): RatedSpeed {
  if (deviceClass === undefined) return { source: 'neutral' };
  const measured = speeds.get(model.modelHash)?.get(deviceClass);
  if (measured !== undefined && isRate(measured.tokensPerSecond)) return ratedMeasurement(measured);
  const known = knownRates(speeds.get(model.modelHash));
  const relatives = [
    { gpus: model.gpus, rates: known },
    ...(model.otherCounts ?? []).map(({ modelHash, gpus }) => ({ gpus, rates: knownRates(speeds.get(modelHash)) })),
  ];
  return (
    estimate('scaled', scaledRate(deviceClass, model.gpus, relatives)) ??
    estimate('ratio', ratioRate(model.modelHash, deviceClass, speeds)) ??
    estimate('roofline', rooflineRate(deviceClass, known, model.weightBytes)) ?? { source: 'neutral' }
  );
}

/** The rates of a model that can be believed to be rates at all. */
function knownRates(classes: ReadonlyMap<DeviceClass, MeasuredSpeed> | undefined): ReadonlyMap<DeviceClass, number> {
  const rates = new Map<DeviceClass, number>();
  for (const [deviceClass, { tokensPerSecond }] of classes ?? []) {
    if (isRate(tokensPerSecond)) rates.set(deviceClass, tokensPerSecond);
  }
  return rates;
}

/** No engine decodes faster; a greater number is an error of whoever wrote it. */
const MAX_RATE = 1_000_000;

function isRate(value: number): boolean {
  return value > 0 && value <= MAX_RATE;
}

function ratedMeasurement(speed: MeasuredSpeed): RatedSpeed {
  const { tokensPerSecond, low, high, samples, measuredAtMs, stale } = speed;
  const bounded = samples >= MIN_SAMPLES;
  return {
    source: 'measured',
    tokensPerSecond,
    ...(bounded && low !== undefined && isRate(low) && low <= tokensPerSecond ? { low } : {}),
    ...(bounded && high !== undefined && isRate(high) && high >= tokensPerSecond ? { high } : {}),
    samples,
    measuredAtMs,
    stale,
  };
}

function estimate(source: RatedSpeed['source'], rate: number | undefined): RatedSpeed | undefined {
  return rate !== undefined && isRate(rate) ? { source, tokensPerSecond: rate } : undefined;
}
