import { type Fits, REFUSALS, type Verdict } from './decision.ts';

/** What the choice went by in the end: `Cost` plays no part where no node has a cost. */
export type Criterion = 'speed' | 'cost-per-hour' | 'cost-per-token';

/** One sentence for people: why the best node was chosen, or why none. */
export function explainChoice(criterion: Criterion, ranking: readonly Fits[], verdicts: readonly Verdict[]): string {
  const [best] = ranking;
  if (best === undefined) return whyNone(verdicts);
  if (verdicts.length === 1) return 'the only device';
  if (ranking.length === 1) return `the only one of ${verdicts.length} that fits`;
  if (criterion !== 'speed') return whyCheapest(criterion, best);
  const { tokensPerSecond, source } = best.speed;
  if (tokensPerSecond === undefined) return 'of no node is a speed known; chosen by use, cost and name';
  const rate = `${tokensPerSecond.toFixed(1)} tokens/s`;
  const fastest = ranking.every(({ speed }) => (speed.tokensPerSecond ?? 0) <= tokensPerSecond);
  if (source === 'measured') {
    const measured = ranking.filter(({ speed }) => speed.source === 'measured');
    const firstMeasured = measured.every(({ speed }) => (speed.tokensPerSecond ?? 0) <= tokensPerSecond);
    return firstMeasured ? `fastest measured: ${rate}` : `best score: ${rate} measured, less used or cheaper`;
  }
  if (ranking.some(({ speed }) => speed.source === 'measured')) {
    return `${fastest ? 'estimated fastest' : 'best score'}: ${rate}, not measured yet`;
  }
  return `${fastest ? 'estimated fastest' : 'best score by estimates'}; nothing measured yet`;
}

function whyCheapest(criterion: Criterion, { costPerHour, speed }: Fits): string {
  const { tokensPerSecond, source, low } = speed;
  const per = criterion === 'cost-per-hour' ? 'lowest cost' : 'lowest cost per token';
  const cost = costPerHour === undefined ? 'unknown cost' : `${costText(costPerHour)} per hour`;
  if (tokensPerSecond === undefined) return `${per}: ${cost} at an unknown speed`;
  const rate = `${tokensPerSecond.toFixed(1)} tokens/s`;
  const bound = criterion === 'cost-per-hour' && low !== undefined ? `, at least ${low.toFixed(1)}` : '';
  return `${per}: ${cost} at ${source === 'measured' ? '' : 'an estimated '}${rate}${bound}`;
}

/** Without digits that say nothing. */
export function costText(cost: number): string {
  return String(Number(cost.toPrecision(4)));
}

function whyNone(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'no node fits: there is none';
  const reasons = REFUSALS.flatMap((reason) => {
    const details = verdicts.flatMap((each) => (!each.fits && each.reason === reason ? [each.detail] : []));
    const [first] = details;
    return first === undefined ? [] : [`${details.length} ${reason} (${first})`];
  });
  return `no node fits: ${reasons.join('; ')}`;
}
