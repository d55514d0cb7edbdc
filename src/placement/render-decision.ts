import { type Decision, type Fits, REFUSALS, type Refused, type Term } from './decision.ts';
import { costText } from './why.ts';

/** A decision as aligned text for people: the nodes that fit, best first, then the refused ones by reason. */
export function renderDecision(decision: Decision): string {
  const lines = [decision.best === undefined ? decision.why : `${decision.best.node}: ${decision.why}`];
  if (decision.ranking.length > 0) {
    const heads = [
      'NODE',
      'CLASS',
      'STEP',
      'TOKENS/S',
      'SOURCE',
      'BUSY',
      'COST/H',
      'SCORE',
      '= TPS',
      '- UTIL',
      '- COST',
    ];
    lines.push('', ...table([heads, ...decision.ranking.map((each) => row(each, decision.atMs))]));
    for (const { node, warnings } of decision.ranking) {
      lines.push(...warnings.map((warning) => `warning: ${node}: ${warning}`));
    }
  }
  const refused = decision.verdicts.filter((each) => !each.fits);
  if (refused.length > 0) lines.push('', 'refused:', ...REFUSALS.flatMap((reason) => group(reason, refused)));
  return `${lines.join('\n')}\n`;
}

function row({ node, deviceClass, step, speed, terms, score, costPerHour }: Fits, atMs: number): readonly string[] {
  const { tokensPerSecond, low, high, source, measuredAtMs, stale } = speed;
  const spread = low === undefined || high === undefined ? '' : ` (${low.toFixed(1)}-${high.toFixed(1)})`;
  const age = measuredAtMs === undefined ? '' : `, ${duration(atMs - measuredAtMs)} ago`;
  return [
    node,
    deviceClass ?? 'unknown',
    String(step),
    tokensPerSecond === undefined ? 'unknown' : `${tokensPerSecond.toFixed(1)}${spread}`,
    `${source}${age}${stale === true ? ', stale' : ''}`,
    busy(terms.util),
    costPerHour === undefined ? 'unknown' : costText(costPerHour),
    score.toFixed(3),
    terms.tps.share.toFixed(3),
    Math.abs(terms.util.share).toFixed(3),
    Math.abs(terms.cost.share).toFixed(3),
  ];
}

/** A value that stands in for an unknown one is marked with `~`. */
function busy({ value, known, ageMs }: Term): string {
  const age = ageMs === undefined || ageMs < FRESH_MS ? '' : `, ${duration(ageMs)} ago`;
  return `${known ? '' : '~'}${Math.round(value * 100)} %${age}`;
}

/** Readings come every half minute; a younger one needs no age. */
const FRESH_MS = 30_000;
const EXAMPLES = 5;

function group(reason: string, refused: readonly Refused[]): readonly string[] {
  const members = refused.filter((each) => each.reason === reason);
  if (members.length === 0) return [];
  const shown = members.slice(0, EXAMPLES).map(({ node, detail }) => `    ${node}: ${detail}`);
  const more = members.length > EXAMPLES ? [`    and ${members.length - EXAMPLES} more`] : [];
  return [`  ${reason} (${members.length})`, ...shown, ...more];
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1000];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
