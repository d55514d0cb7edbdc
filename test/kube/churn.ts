import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { ChurnWitness } from './churn-witness.ts';
import { type ChurnWrites, writeSteadily } from './churn-writer.ts';
import { connect } from './connect.ts';
import { CuttingProxy } from './cutting-proxy.ts';

export interface ChurnOptions {
  readonly seconds: number;
  readonly perSecond: number;
  /** How often the API server is restarted, by SIGKILL and SIGTERM in turn. */
  readonly restarts: number;
  /** How long the API server is stopped with SIGSTOP, once. */
  readonly pauseSeconds: number;
  readonly log: (line: string) => void;
}

export interface ChurnReport {
  readonly writes: ChurnWrites;
  readonly events: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, number>>;
  /** Must be empty. */
  readonly violations: readonly string[];
  /** Between an informer and a fresh list, at the end; must be empty. */
  readonly differences: readonly string[];
  readonly secondsToAgree: number;
  /** Heap in use early and at the end, in MB. */
  readonly heapMB: readonly [number, number];
  readonly connections: number;
}

const NAMESPACES = ['churn-a', 'churn-b'];

/**
 * Writes to the API server at a steady rate and makes its life hard meanwhile: connections are cut every few seconds,
 * it is killed or restarted several times, with its store compacted each time, and it is stopped for a while.
 * Informers of both kinds follow all that, and are then compared with a fresh list.
 */
export async function churn(plane: ControlPlane, options: ChurnOptions): Promise<ChurnReport> {
  const { log, seconds } = options;
  await using proxy = await CuttingProxy.to(plane.admin.server);
  const direct = await connect(plane, {}, { timeoutMs: 20_000 });
  const followed = await connect(plane, { server: proxy.url });
  const never = new AbortController().signal;
  for (const name of NAMESPACES) {
    await direct.create(
      builtin.namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      { signal: never },
    );
  }
  const witnesses = [
    new ChurnWitness('all, WatchList', followed, {}),
    new ChurnWitness('one namespace, list and watch', followed, { namespace: 'churn-a', watchList: false }),
    new ChurnWitness('selected, list and watch', followed, { labelSelector: { parity: 'even' }, watchList: false }),
  ];
  const stopFollowing = new AbortController();
  const stopWriting = new AbortController();
  const following = witnesses.map((each) => each.run(stopFollowing.signal));
  try {
    await Promise.all(witnesses.map((each) => each.waitForSync(AbortSignal.timeout(60_000))));
    const writing = writeSteadily(
      direct,
      NAMESPACES,
      { perSecond: options.perSecond, population: 1_000 },
      stopWriting.signal,
    );
    const heap = await makeTrouble(plane, proxy, options);
    stopWriting.abort();
    const writes = await writing;
    log(`written: ${JSON.stringify(writes)}`);

    const stoppedMs = performance.now();
    const differences = await agreement(witnesses);
    const secondsToAgree = (performance.now() - stoppedMs) / 1_000;
    return {
      writes,
      differences,
      secondsToAgree,
      events: Object.fromEntries(witnesses.map((each) => [each.name, each.events])),
      failures: Object.fromEntries(
        witnesses.flatMap((each) => [...each.failures].map(([kind, count]) => [`${each.name}: ${kind}`, count])),
      ),
      violations: witnesses.flatMap((each) => each.violations),
      heapMB: [heap, heapInUse()],
      connections: proxy.accepted,
    };
  } finally {
    stopWriting.abort();
    stopFollowing.abort();
    await Promise.all(following);
    await direct.close();
    await followed.close();
    log(`churn of ${seconds} s ended`);
  }
}

/** Everything that goes wrong, in order. Returns the heap in use early on. */
async function makeTrouble(plane: ControlPlane, proxy: CuttingProxy, options: ChurnOptions): Promise<number> {
  const { seconds, pauseSeconds, restarts, log } = options;
  const endMs = performance.now() + seconds * 1_000;
  const step = async (share: number, what: string, act: () => Promise<void>) => {
    // Between the great faults connections are cut, about every four seconds.
    const atMs = endMs - seconds * 1_000 * (1 - share);
    while (performance.now() < atMs) {
      await pause(Math.min(4_000, Math.max(0, atMs - performance.now())));
      proxy.cut();
    }
    log(what);
    await act();
  };
  const restart = async (signal: NodeJS.Signals) => {
    plane.apiServer.signal(signal);
    await plane.apiServer.stop();
    await plane.etcd.compact();
    await plane.apiServer.start();
  };
  let heap = 0;
  await step(0.1, 'compact', async () => void (await plane.etcd.compact()));
  await step(0.3, 'measure the heap', async () => {
    heap = heapInUse();
  });
  await step(0.35, `stop for ${pauseSeconds} s`, async () => {
    plane.apiServer.signal('SIGSTOP');
    await pause(pauseSeconds * 1_000);
    plane.apiServer.signal('SIGCONT');
  });
  for (let count = 0; count < restarts; count += 1) {
    const signal = count % 2 === 0 ? 'SIGKILL' : 'SIGTERM';
    await step(0.5 + (0.45 * count) / restarts, `restart after ${signal}`, () => restart(signal));
  }
  await step(1, 'end of writing', async () => undefined);
  return heap;
}

/** Waits until every informer equals a fresh list. Returns what still differs when patience ends. */
async function agreement(witnesses: readonly ChurnWitness[]): Promise<readonly string[]> {
  const never = new AbortController().signal;
  const differences = async () => (await Promise.all(witnesses.map((each) => each.differences(never)))).flat();
  try {
    // The longest back-off is a minute.
    await waitUntil('informers agree', async () => ((await differences()).length === 0 ? true : undefined), {
      timeoutMs: 120_000,
      everyMs: 500,
    });
    return [];
  } catch {
    return differences();
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed / 1e6;
}
