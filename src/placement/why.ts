import { type Fits, REFUSALS, type Verdict } from './decision.ts';
import type { Requirement } from './requirement.ts';

/** One sentence for people: why the best node was chosen, or why none fits. */
export function explainChoice(
  requirement: Requirement,
  ranking: readonly Fits[],
  verdicts: readonly Verdict[],
): string {
  const [best] = ranking;
  if (best === undefined) return whyNone(verdicts);
  if (verdicts.length === 1) return 'the only device';
  if (ranking.length === 1) return 'the only one that fits';
  const { tokensPerSecond, source } = best.speed;
  const rates = ranking.map(({ speed }) => speed.tokensPerSecond ?? 0);
  const fastest = tokensPerSecond !== undefined && tokensPerSecond >= Math.max(...rates);
  if (tokensPerSecond === undefined) return 'nothing is known of its speed; chosen by load, cost and name';
  const rate = `${tokensPerSecond.toFixed(1)} tokens/s`;
  if (requirement.objective === 'Cost') return `lowest cost, ${source === 'measured' ? '' : 'estimated '}${rate}`;
  if (source === 'measured') return fastest ? `fastest measured: ${rate}` : `best score, measured ${rate}`;
  const nothingMeasured = ranking.every(({ speed }) => speed.source !== 'measured');
  const estimated = fastest ? 'estimated fastest' : 'best score by estimates';
  return nothingMeasured ? `${estimated}; nothing measured yet` : `${estimated} (${rate}); not measured yet`;
}

function whyNone(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'no node fits: there are no nodes';
  const reasons = REFUSALS.flatMap((reason) => {
    const details = verdicts.flatMap((each) => (!each.fits && each.reason === reason ? [each.detail] : []));
    const [first] = details;
    return first === undefined ? [] : [`${details.length} ${reason} (${first})`];
  });
  return `no node fits: ${reasons.join('; ')}`;
}
