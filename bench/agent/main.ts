/**
 * What the node agent costs at its default interval: its share of a core, its memory, and what it writes once all is
 * said. It runs from a bundle, as in the image, against a real API server, on a built machine with eight H100 and the
 * fake `nvidia-smi`, whose own time is shown apart. Ends with 1 when a budget is missed.
 *
 *     node bench/agent/main.ts [--minutes 3]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { AGENT_NODE_OPTIONS } from '../../src/agent/node-options.ts';
import { installMachine } from '../../src/hardware/testing/install-machine.ts';
import { eightH100 } from '../../src/hardware/testing/machines.ts';
import { createBareNode } from '../../test/agent/agent-access.ts';
import { startControlPlane } from '../../test/cluster/control-plane.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';
import { processUsage } from './process-usage.ts';

const BUDGET = { coreShare: 0.01, rssMiB: 110, writes: 0 };
const PORT = 19_100;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error('error[USAGE]: --minutes is no number: give one above 0');
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'flexinfer-bench-agent-'));
const outfile = join(folder, 'flexinfer-agent.mjs');
await build({
  entryPoints: [fileURLToPath(new URL('../../src/agent/main.ts', import.meta.url))],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
});
const plane = await startControlPlane();
const machine = await installMachine(eightH100);
await createBareNode(plane, 'node-1');
const { hostRoot, nvidiaSmi } = machine.options;
const cache = ['--cache', join(folder, 'models')];
const flags = ['--node-name', 'node-1', '--kubeconfig', plane.kubeconfigPath, '--metrics-port', String(PORT), ...cache];
const agent = spawn(
  process.execPath,
  [...AGENT_NODE_OPTIONS, outfile, ...flags, '--host-root', hostRoot, '--nvidia-smi', nvidiaSmi],
  {
    stdio: ['ignore', 'ignore', 'ignore'],
  },
);
const writes = async () => {
  const text = await (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();
  return Number(/^flexinfer_agent_label_writes_total\{node="node-1",result="success"\} (\d+)$/m.exec(text)?.[1]);
};
try {
  const pid = agent.pid ?? 0;
  const first = await waitUntil('the node is labelled', async () => ((await writes()) === 1 ? 1 : undefined), {
    timeoutMs: 120_000,
  });
  const start = { usage: processUsage(pid), atMs: performance.now() };
  for (let second = 0; second < minutes * 60; second += 15) {
    await delay(15_000);
    await writes();
  }
  const end = { usage: processUsage(pid), atMs: performance.now() };
  const share = (from: number, to: number) => (to - from) / (end.atMs - start.atMs);
  const own = share(start.usage.cpuMs, end.usage.cpuMs);
  const tools = share(start.usage.childCpuMs, end.usage.childCpuMs);
  const more = (await writes()) - first;
  console.log(`over ${minutes} min at 30 s, scraped every 15 s, eight GPUs`);
  console.log(`  the agent       ${(own * 100).toFixed(2)} % of a core (budget ${BUDGET.coreShare * 100} %)`);
  console.log(`  fake nvidia-smi ${(tools * 100).toFixed(2)} % of a core (a Node program; the real one is another)`);
  console.log(
    `  resident        ${end.usage.rssMiB.toFixed(0)} MiB (budget ${BUDGET.rssMiB}), at most ${end.usage.peakRssMiB.toFixed(0)} since the start`,
  );
  console.log(`  label writes    ${more} (budget ${BUDGET.writes})`);
  const held = own < BUDGET.coreShare && end.usage.rssMiB < BUDGET.rssMiB && more === BUDGET.writes;
  console.log(held ? 'all budgets held' : 'a budget was missed');
  process.exitCode = held ? 0 : 1;
} finally {
  agent.kill('SIGTERM');
  await machine[Symbol.asyncDispose]();
  await plane.stop();
  await rm(folder, { recursive: true });
}
