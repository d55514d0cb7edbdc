import { ClusterProcess } from './cluster-process.ts';
import type { PortRange } from './ports.ts';
import type { ClusterState } from './state.ts';

/** The store under the API server, with the one thing tests do to it. */
export interface TestEtcd {
  readonly process: ClusterProcess;
  readonly url: string;
  /** Drops the history, so that a watch from an older version is answered with 410. Returns the revision dropped to. */
  compact(): Promise<number>;
}

/** Starts one etcd on loopback. It never waits for the disk: nothing here has to survive a power cut. */
export async function startEtcd(state: ClusterState, program: string, ports: PortRange): Promise<TestEtcd> {
  const url = `http://127.0.0.1:${await ports.take()}`;
  const peerUrl = `http://127.0.0.1:${await ports.take()}`;
  const process = new ClusterProcess(state, {
    name: 'etcd',
    argv: [
      program,
      `--data-dir=${state.path('etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    ready: async () => ((await fetch(`${url}/health`)).ok ? true : undefined),
  });
  await process.start();
  return { process, url, compact: () => compact(url) };
}

async function compact(url: string): Promise<number> {
  const key = Buffer.from('/').toString('base64');
  const { header } = await post<{ header: { revision: string } }>(`${url}/v3/kv/range`, { key, limit: 1 });
  await post(`${url}/v3/kv/compaction`, { revision: header.revision, physical: true });
  return Number(header.revision);
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`etcd answered ${response.status} to ${url}: ${text}`);
  return JSON.parse(text) as T;
}
