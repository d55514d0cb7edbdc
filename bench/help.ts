/**
 * How long `flexinfer --help` takes from the shell, beside a bare start of the same Node, the two in turn.
 *
 *     node bench/help.ts [rounds]
 *
 * Budget: 150 ms.
 */
import { spawnSync } from 'node:child_process';
import { spread } from '../src/benchmark/statistics.ts';

const rounds = Number(process.argv[2] ?? 15);
const help: number[] = [];
const bare: number[] = [];

timed('bin/flexinfer', ['--help']);
for (let round = 0; round < rounds; round += 1) {
  help.push(timed('bin/flexinfer', ['--help']));
  bare.push(timed(process.execPath, ['-e', '0']));
}
const [ours, theirs] = [spread(help), spread(bare)];
console.log(`flexinfer --help  median ${ours.median.toFixed(0)} ms, ${ours.min.toFixed(0)} to ${ours.max.toFixed(0)}`);
console.log(
  `node -e 0         median ${theirs.median.toFixed(0)} ms, ${theirs.min.toFixed(0)} to ${theirs.max.toFixed(0)}`,
);
console.log(`ratio of medians ${(ours.median / theirs.median).toFixed(2)}, budget 150 ms`);

function timed(command: string, args: readonly string[]): number {
  const begin = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
  return performance.now() - begin;
}
