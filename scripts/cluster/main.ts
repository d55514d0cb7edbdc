/** `npm run cluster -- up|down|status`: the cluster of the tests, to look at and play with by hand. */
import { parseArgs } from 'node:util';
import { startCluster } from '../../test/cluster/cluster.ts';
import { isRunning } from '../../test/cluster/process-table.ts';
import { readRecords } from '../../test/cluster/state.ts';
import { removeCluster, removeForgotten } from '../../test/cluster/sweep.ts';

const USAGE = `usage: npm run cluster -- up [--nodes 0|1|2] [--fake-nodes N]   start a cluster that stays, print its kubeconfig
       npm run cluster -- status                               list the clusters on this machine
       npm run cluster -- down [ID]                            remove one, or all that were started with up`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { nodes: { type: 'string', default: '2' }, 'fake-nodes': { type: 'string', default: '0' } },
});
const [verb, id] = positionals;

try {
  if (verb === 'up') await up();
  else if (verb === 'down') await down();
  else if (verb === 'status') status();
  else explain();
} catch (error) {
  console.error(`error: ${errorText(error)}`);
  process.exitCode = 1;
}

function explain(): void {
  console.error(USAGE);
  process.exitCode = 2;
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
}

async function up(): Promise<void> {
  const nodes = Number(values.nodes);
  const fake = Number(values['fake-nodes']);
  if ((nodes !== 0 && nodes !== 1 && nodes !== 2) || !Number.isInteger(fake) || fake < 0) {
    explain();
    return;
  }
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const cluster = await startCluster({
    nodes,
    fakeNodes: Array.from({ length: fake }, (_, index) => ({ name: `fake-${index}` })),
    keep: true,
    progress: (line) => console.error(`${seconds().padStart(8)}  ${line}`),
  });
  console.error(`${seconds().padStart(8)}  cluster ${cluster.id} is up; remove it with: npm run cluster -- down`);
  console.log(cluster.kubeconfigPath);
}

/** What crashed test runs left goes in any case; clusters of tests that still run stay. */
async function down(): Promise<void> {
  const forgotten = await removeForgotten();
  const kept = readRecords().filter((record) => (id === undefined ? record.owner === null : record.id === id));
  for (const record of kept) await removeCluster(record);
  const removed = [...forgotten, ...kept.map((record) => record.id)];
  console.log(removed.length === 0 ? 'no cluster to remove' : `removed ${removed.join(', ')}`);
}

function status(): void {
  const records = readRecords();
  if (records.length === 0) console.log('no clusters');
  for (const record of records) {
    const running = record.processes.filter((each) => isRunning(each)).length;
    const owner = record.owner === null ? 'kept' : `of process ${record.owner.pid}`;
    console.log(`${record.id}  ${owner}  ${running}/${record.processes.length} processes  ${record.kubeconfig}`);
  }
}
