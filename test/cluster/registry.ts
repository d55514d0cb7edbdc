import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { ClusterProcess } from './cluster-process.ts';
import type { PortRange } from './ports.ts';
import type { ClusterState } from './state.ts';

/** An OCI registry without TLS or passwords. */
export interface TestRegistry {
  readonly process: ClusterProcess;
  /** As it stands in image names: `10.250.0.1:21005`. */
  readonly host: string;
}

/** Starts docker-registry at `address`, with deletion allowed. */
export async function startRegistry(
  state: ClusterState,
  program: string,
  address: string,
  ports: PortRange,
): Promise<TestRegistry> {
  const host = `${address}:${await ports.take()}`;
  const config = state.path('registry.yaml');
  writeFileSync(
    config,
    stringify({
      version: 0.1,
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: state.makeFolder('registry') }, delete: { enabled: true } },
      http: { addr: host },
    }),
  );
  const process = new ClusterProcess(state, {
    name: 'docker-registry',
    argv: [program, 'serve', config],
    ready: async () => ((await fetch(`http://${host}/v2/`)).ok ? true : undefined),
  });
  await process.start();
  return { process, host };
}
