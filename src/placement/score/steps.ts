const BEST_STEP = 10;

/** How far a rank can be trusted. `unknown`: nothing is known, so it is a guess. */
export type Confidence = 'measured' | 'estimated' | 'unknown';

/**
 * Rank steps of candidates sorted best first: the best step is 10, the next 9, and so on, never below 0. A step reaches
 * from its best candidate as far as `tied` says.
 *
 * Estimates never stand more than one step above the best measured candidate, and what is unknown stands below the best
 * candidate of which something is known; neither is ever starved with a 0.
 */
export function rankSteps<T>(
  sorted: readonly T[],
  confidence: (candidate: T) => Confidence,
  tied: (best: T, other: T) => boolean,
): readonly number[] {
  const places: number[] = [];
  let leader: T | undefined;
  let place = -1;
  let bestMeasured: number | undefined;
  let bestKnown: number | undefined;
  for (const candidate of sorted) {
    const trust = confidence(candidate);
    // A guess opens no step: it must not part candidates that are tied.
    if (trust !== 'unknown' && (leader === undefined || !tied(leader, candidate))) {
      leader = candidate;
      place++;
    }
    places.push(Math.max(0, place));
    if (trust === 'unknown') continue;
    bestKnown ??= place;
    if (trust === 'measured') bestMeasured ??= place;
  }
  const highest = bestMeasured === undefined ? 0 : Math.max(0, bestMeasured - 1);
  const reference = bestMeasured ?? bestKnown;
  return sorted.map((candidate, index) => {
    const trust = confidence(candidate);
    const own = places[index] ?? 0;
    const lowestPlace = trust === 'unknown' && reference !== undefined ? reference + 1 : highest;
    const step = BEST_STEP - (Math.max(own, lowestPlace) - highest);
    return Math.max(trust === 'measured' ? 0 : 1, step);
  });
}
