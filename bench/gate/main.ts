/**
 * What the gate costs: the time it adds to a token and the tokens it lets through, always beside the engine asked directly in
 * the same run, in turns. The engine is fake and does nothing but stream (`fake-fast-engine.ts`), so that what is measured is
 * the gate. Prints ratios; ends with 1 when a budget is missed.
 *
 *     node bench/gate/main.ts [--rounds 5]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GATE_NODE_OPTIONS } from '../../src/gate/options.ts';
import { bundle, type Program, start } from './processes.ts';
import { type Load, median, quantile, type Run, run } from './streams.ts';

/** One core's worth of the budgets: under 1 ms a token, 2,000 tokens/s over 64 streams on one core, under 110 MiB. */
const BUDGET = { addedMs: 1, tokensPerSecond: 2000, rssMiB: 110 };

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) {
  console.error('error[USAGE]: --rounds is no count: give a whole number above 0');
  process.exit(2);
}

const LOADS: Readonly<Record<string, Load>> = {
  'one stream of 100 tokens/s': { streams: 1, tokens: 100, everyMs: 10 },
  '64 streams, 2,000 tokens/s together': { streams: 64, tokens: 96, everyMs: 32 },
  '64 streams, as fast as they go': { streams: 64, tokens: 1000, everyMs: 0 },
};

interface Pair {
  readonly direct: Run;
  readonly gate: Run;
  readonly gateCpuMs: number;
}

async function pair(engine: Program, gate: Program, load: Load, gateFirst: boolean): Promise<Pair> {
  const before = gateFirst ? undefined : await run(engine.port, load);
  const start = await gate.usage();
  const through = await run(gate.port, load);
  const end = await gate.usage();
  const direct = before ?? (await run(engine.port, load));
  return { direct, gate: through, gateCpuMs: end.cpuMs - start.cpuMs };
}

const ms = (us: number) => `${(us / 1000).toFixed(3)} ms`;
const missed: string[] = [];
const check = (what: string, held: boolean) => {
  if (!held) missed.push(what);
};

const folder = await mkdtemp(join(tmpdir(), 'flexinfer-bench-gate-'));
const engine = await start(await bundle('fake-fast-engine.ts', folder));
const gateFile = await bundle('gate-process.ts', folder);
const origin = `http://127.0.0.1:${engine.port}`;
const kinds = { 'the name is the same': 'model', 'the name is mapped': 'engine-model' };
for (const [kind, engineModel] of Object.entries(kinds)) {
  const gate = await start(gateFile, [origin, engineModel], GATE_NODE_OPTIONS);
  console.log(`\n${kind}: ${(await gate.usage()).rssMiB.toFixed(0)} MiB resident at rest`);
  for (const [name, load] of Object.entries(LOADS)) {
    // The first pair warms the code up and is not counted.
    await pair(engine, gate, { ...load, tokens: Math.ceil(load.tokens / 2) }, false);
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round++) pairs.push(await pair(engine, gate, load, round % 2 === 1));
    const added = (share: number) =>
      median(pairs.map((each) => quantile(each.gate.delaysUs, share) - quantile(each.direct.delaysUs, share)));
    const rate = (each: Run) => each.tokens / each.seconds;
    const [direct, through] = [median(pairs.map((p) => rate(p.direct))), median(pairs.map((p) => rate(p.gate)))];
    const perCore = median(pairs.map((each) => (each.gate.tokens * 1000) / each.gateCpuMs));
    console.log(`  ${name}`);
    console.log(
      `    tokens/s       direct ${direct.toFixed(0)}, gate ${through.toFixed(0)}, ratio ${(through / direct).toFixed(3)}`,
    );
    console.log(`    tokens/s for one core's time of the gate  ${perCore.toFixed(0)}`);
    if (load.everyMs > 0) {
      console.log(`    added a token  median ${ms(added(0.5))}, 99 % ${ms(added(0.99))}`);
      check(`${kind}, ${name}: under ${BUDGET.addedMs} ms added a token`, added(0.5) < BUDGET.addedMs * 1000);
    }
    const { rssMiB } = await gate.usage();
    console.log(`    resident       ${rssMiB.toFixed(0)} MiB`);
    // At full speed the numbers are there to be seen: no model is that fast, and the budgets are about models.
    if (load.everyMs === 0) continue;
    check(`${kind}, ${name}: under ${BUDGET.rssMiB} MiB resident`, rssMiB < BUDGET.rssMiB);
    if (load.streams > 1) {
      check(`${kind}, ${name}: ${BUDGET.tokensPerSecond} tokens/s on one core`, perCore >= BUDGET.tokensPerSecond);
    }
  }
  gate.stop();
}
engine.stop();
await rm(folder, { recursive: true });
console.log(missed.length === 0 ? '\nall budgets held' : `\nmissed:\n  ${missed.join('\n  ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;
