import type { DeviceClass } from '../../api/device-class.ts';
import type { SpeedTable } from '../snapshot.ts';

/**
 * Carries what is known of other models over: where a model was measured on a class that other models share with the
 * wanted one, their ratios say what to expect. The geometric mean over all such pairs, because ratios multiply.
 */
export function ratioRate(modelHash: string, wanted: DeviceClass, speeds: SpeedTable): number | undefined {
  const own = speeds.get(modelHash);
  if (own === undefined) return undefined;
  const estimates: number[] = [];
  for (const [known, { tokensPerSecond: rate }] of own) {
    if (!(rate > 0)) continue;
    const logRatios: number[] = [];
    for (const [other, classes] of speeds) {
      const [onKnown, onWanted] = [classes.get(known)?.tokensPerSecond, classes.get(wanted)?.tokensPerSecond];
      if (other === modelHash || onKnown === undefined || onWanted === undefined) continue;
      if (onKnown > 0 && onWanted > 0) logRatios.push(Math.log(onWanted / onKnown));
    }
    if (logRatios.length > 0) estimates.push(Math.log(rate) + mean(logRatios));
  }
  return estimates.length === 0 ? undefined : Math.exp(mean(estimates));
}

/** Summed in order of size: the order of the table must not change the last digit. */
function mean(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0) / values.length;
}
