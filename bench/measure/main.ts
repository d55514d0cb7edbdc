/**
 * FlexInfer's number against llama-bench, on the same build, model, threads and machine, the two in turn.
 *
 *     node bench/measure/main.ts [rounds]     at least 10, the default
 *
 * llama-bench decodes 128 tokens after a context of 128 (`-p 0 -n 128 -d 128`) and divides tokens by time: 128 decodes,
 * 128 gaps. FlexInfer counts the 127 gaps between 128 tokens. Both are gaps per second, so they should agree;
 * llama-bench leaves out sampling and streaming, which FlexInfer's clients pay for. Every other round begins with the
 * peer, so that a drift of the machine favours nobody.
 *
 * Budget: medians within 2 %. Exit code 1 when the whole interval lies outside of it; an interval that is wider than the
 * budget says that the machine was too busy to tell.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { llamaBench, llamaServer } from '../../scripts/engines/llama-server.ts';
import { SMALL_MODEL, smallModel } from '../../scripts/engines/small-model.ts';
import { freePort } from '../../src/backends/free-port.ts';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { startEngine } from '../../src/backends/start-engine.ts';
import { spread } from '../../src/benchmark/statistics.ts';
import { measureEngine } from '../../src/measure/measure-engine.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type RatioInterval, ratioOfMedians } from './ratio.ts';

const THREADS = 1;
const rounds = Math.max(10, Number(process.argv[2] ?? 10));
const BUDGET = 0.02;
const run = promisify(execFile);
const signal = new AbortController().signal;

const model = await smallModel();
const peer = await llamaBench();
const backend = llamacppBackend({ ...process.env, FLEXINFER_LLAMA_SERVER: await llamaServer() });
const install = await backend.locate();
if (install === undefined) throw new Error('no llama-server');
const input = { modelFile: model, modelSizeBytes: SMALL_MODEL.sizeBytes, alias: 'm', contextLength: 512, parallel: 1 };
const options = { threads: THREADS, gpus: [], kvCacheType: 'auto', args: [], env: [], port: await freePort() };
const engine = await startEngine(backend, backend.plan({ ...input, ...options }, install), { signal });

const ours: number[] = [];
const theirs: number[] = [];
try {
  await measure(1, 0);
  for (let round = 1; round <= rounds; round += 1) {
    const inTurn = [async () => ours.push(await measure(0, round)), async () => theirs.push(await peerRate())];
    for (const step of round % 2 === 0 ? inTurn.toReversed() : inTurn) await step();
    console.log(
      `round ${round}: flexinfer ${shownRate(ours.at(-1))}  llama-bench ${shownRate(theirs.at(-1))} tokens/s`,
    );
  }
} finally {
  await engine.stop();
}

console.log(`flexinfer    ${shownSpread(ours)}`);
console.log(`llama-bench  ${shownSpread(theirs)}`);
const result = ratioOfMedians(ours, theirs);
console.log(
  `ratio of medians ${result.ratio.toFixed(4)}, 95 % interval ${result.low.toFixed(4)} to ${result.high.toFixed(4)}: ${verdict(result)}`,
);
// What else runs on a machine only ever takes away, so the fastest rounds say most where the medians are too uncertain.
console.log(`ratio of the fastest rounds ${(Math.max(...ours) / Math.max(...theirs)).toFixed(4)}`);

async function measure(warmupIterations: number, round: number): Promise<number> {
  const { point } = await measureEngine({
    client: engine.client,
    backend: backend.name,
    contextLength: 512,
    parallel: 1,
    warmupIterations,
    iterations: 1,
    maxMs: 600_000,
    seed: round * 1000 + 1,
    clock: systemClock,
    signal,
  });
  return point.median;
}

async function peerRate(): Promise<number> {
  const args = ['-m', model, '-t', String(THREADS), '-p', '0', '-n', '128', '-d', '128', '-r', '1', '-o', 'json'];
  const { stdout } = await run(peer, args);
  const [result] = JSON.parse(stdout) as { avg_ts: number }[];
  if (result === undefined) throw new Error(`llama-bench printed no result: ${stdout}`);
  return result.avg_ts;
}

function verdict({ ratio, low, high }: RatioInterval): string {
  const budget = `budget ${1 - BUDGET} to ${1 + BUDGET}`;
  if (high < 1 - BUDGET || low > 1 + BUDGET) {
    process.exitCode = 1;
    return `${budget}, missed`;
  }
  if (Math.abs(ratio - 1) <= BUDGET) return `${budget}, kept`;
  return `${budget}, not told by these rounds: the machine is too busy or the rounds are too few`;
}

function shownRate(rate: number | undefined): string {
  return rate === undefined ? '-' : rate.toFixed(2);
}

function shownSpread(rates: readonly number[]): string {
  const { median: middle, mad, min, max } = spread(rates);
  return `median ${middle.toFixed(2)} tokens/s, mad ${mad.toFixed(2)}, ${min.toFixed(2)} to ${max.toFixed(2)}, ${rates.length} rounds`;
}
