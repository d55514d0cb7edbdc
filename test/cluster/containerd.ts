import { writeFileSync } from 'node:fs';
import { CNI_FOLDER } from '../../scripts/cluster/debian.ts';
import { ClusterProcess } from './cluster-process.ts';
import type { NodeMachine } from './node-machine.ts';
import type { ClusterState } from './state.ts';
import { PAUSE_IMAGE, pauseImageArchive } from './test-images.ts';

export interface ContainerdPlan {
  readonly machine: NodeMachine;
  /** The paths of containerd and ctr. */
  readonly programs: Readonly<Record<'containerd' | 'ctr', string>>;
  /** Registries reached without TLS, as `10.250.0.1:21007`. */
  readonly plainRegistries: readonly string[];
}

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** Starts containerd on a node's machine, with its pod network, and brings the pause image into it. */
export async function startContainerd(state: ClusterState, plan: ContainerdPlan): Promise<ClusterProcess> {
  const { machine, programs } = plan;
  const network = state.makeFolder(machine.name, 'cni');
  writeFileSync(`${network}/10-pods.conflist`, JSON.stringify(podNetwork(machine.network.podSubnet)));
  const config = state.path(machine.name, 'containerd.toml');
  writeFileSync(config, containerdConfig(network, plan.plainRegistries));
  const containerd = new ClusterProcess(state, {
    name: `${machine.name}-containerd`,
    argv: machine.argv(programs.containerd, '--config', config),
    ready: async () => {
      await machine.exec([programs.ctr, 'version']);
      return true;
    },
  });
  await containerd.start();
  await importImage(machine, programs.ctr, await pauseImageArchive());
  return containerd;
}

/** Brings an image into a node from an archive, in docker-archive or OCI layout. */
export async function importImage(machine: NodeMachine, ctr: string, archive: string): Promise<void> {
  await machine.exec([ctr, '--namespace=k8s.io', 'images', 'import', archive]);
}

/**
 * Every pod has a link of its own to the node and no bridge beside it: answers from a Service then always come back
 * through the node, which has to undo the address translation.
 */
function podNetwork(subnet: string): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function containerdConfig(network: string, plainRegistries: readonly string[]): string {
  return [
    'version = 2',
    '[plugins."io.containerd.grpc.v1.cri"]',
    `sandbox_image = "${PAUSE_IMAGE}"`,
    // Without CAP_SYS_RESOURCE nobody may lower an OOM score, and every container would fail to start.
    'restrict_oom_score_adj = true',
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    `bin_dir = "${CNI_FOLDER}"`,
    `conf_dir = "${network}"`,
    '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]',
    'runtime_type = "io.containerd.runc.v2"',
    ...plainRegistries.flatMap((host) => [
      `[plugins."io.containerd.grpc.v1.cri".registry.mirrors."${host}"]`,
      `endpoint = ["http://${host}"]`,
    ]),
    '',
  ].join('\n');
}
