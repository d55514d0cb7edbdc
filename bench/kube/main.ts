/**
 * What our Kubernetes client costs. First the CPU of a request, its connections and the resident memory, beside the
 * official client, in turn, against one real API server; then the heap of a cache of 5,000 nodes and 20,000 pods.
 *
 *     node bench/kube/main.ts [--rounds 3] [--requests 300]
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { startControlPlane } from '../../test/cluster/control-plane.ts';
import { CuttingProxy } from '../../test/kube/cutting-proxy.ts';
import { bundle, here } from './bundle.ts';
import type { RequestCost } from './measured.ts';
import { installOfficialClient, OFFICIAL_CLIENT, OFFICIAL_PROGRAM } from './official.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string' }, requests: { type: 'string' } } });
const rounds = Number(values.rounds ?? 3);
const requests = Number(values.requests ?? 300);
const folder = mkdtempSync(join(tmpdir(), 'bench-kube-'));
const run = promisify(execFile);

try {
  await compareRequests();
  await measureCache();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compareRequests(): Promise<void> {
  const official = installOfficialClient();
  const programs = {
    ours: await bundle('ours', folder, { entryPoints: [here('ours.program.ts')] }),
    [OFFICIAL_CLIENT]: await bundle('official', folder, {
      stdin: { contents: OFFICIAL_PROGRAM, resolveDir: here('.'), loader: 'js' },
      nodePaths: [join(official, 'node_modules')],
    }),
  };
  const plane = await startControlPlane();
  await using proxy = await CuttingProxy.to(plane.admin.server);
  const costs = new Map<string, (RequestCost & { connections: number })[]>();
  try {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, plane.adminKubeconfig.replaceAll(plane.admin.server, proxy.url.origin));
    console.log(`${requests} sequential requests over TLS to a real API server, ${rounds} rounds in turn:`);
    for (let round = 1; round <= rounds; round += 1) {
      for (const [name, program] of Object.entries(programs)) {
        const before = proxy.accepted;
        const { stdout } = await run(process.execPath, [program, kubeconfig, String(requests)]);
        const cost = { ...(JSON.parse(stdout) as RequestCost), connections: proxy.accepted - before };
        costs.set(name, [...(costs.get(name) ?? []), cost]);
        console.log(
          `  round ${round}  ${name.padEnd(24)} ${cost.cpuMicrosPerRequest.toFixed(0).padStart(6)} µs CPU per request` +
            `  ${String(cost.connections).padStart(4)} connections  ${cost.rssMiB.toFixed(0).padStart(4)} MiB resident`,
        );
      }
    }
  } finally {
    await plane.stop();
  }
  const ratio = (of: (cost: RequestCost) => number) =>
    (median((costs.get('ours') ?? []).map(of)) / median((costs.get(OFFICIAL_CLIENT) ?? []).map(of))).toFixed(2);
  console.log(
    `  ours / official, medians: CPU ${ratio((cost) => cost.cpuMicrosPerRequest)}, memory ${ratio((cost) => cost.rssMiB)}`,
  );
}

async function measureCache(): Promise<void> {
  const program = await bundle('cache', folder, { entryPoints: [here('cache.program.ts')] });
  const server = spawn(process.execPath, [here('big-cluster.fake.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise<string>((resolve) =>
      createInterface({ input: server.stdout }).once('line', resolve),
    );
    console.log('A cache of 5,000 nodes and 20,000 pods (made up, served by a fake), budget 150 MB of heap:');
    for (const mode of ['list', 'watch-list']) {
      const { stdout } = await run(process.execPath, [program, `http://127.0.0.1:${port}`, mode]);
      const cost = JSON.parse(stdout) as { objects: number; heapMB: number; cpuSeconds: number; peakRssMiB: number };
      console.log(
        `  ${mode.padEnd(12)} ${cost.objects} objects  ${cost.heapMB.toFixed(0)} MB of heap  ` +
          `${cost.cpuSeconds.toFixed(1)} s of CPU  ${cost.peakRssMiB.toFixed(0)} MiB resident at most`,
      );
      if (cost.heapMB > 150) process.exitCode = 1;
    }
  } finally {
    server.kill();
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
