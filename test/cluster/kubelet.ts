import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { apiRequest } from './api-request.ts';
import { ClusterProcess } from './cluster-process.ts';
import { CONTAINERD_SOCKET } from './containerd.ts';
import type { ControlPlaneParts } from './control-plane.ts';
import { accessOf, writeKubeconfig } from './kubeconfig.ts';
import type { NodeMachine } from './node-machine.ts';

export interface KubeletPlan {
  readonly machine: NodeMachine;
  /** The path of the kubelet. */
  readonly program: string;
  readonly cgroupRoot: string;
  /** Where pods ask for names. */
  readonly dnsAddress: string;
  /** CPU kept from pods, as `500m`. */
  readonly reservedCpu?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Starts the kubelet of a node and waits until the node is Ready. */
export async function startKubelet(parts: ControlPlaneParts, plan: KubeletPlan): Promise<ClusterProcess> {
  const { state, pki, admin } = parts;
  const { machine } = plan;
  const certificate = await pki.node(machine.name, machine.network.address);
  const access = accessOf(admin.server, pki.authority.certificate, certificate);
  const kubeconfig = writeKubeconfig(state.path(machine.name, 'kubeconfig'), access, machine.name);
  const config = state.path(machine.name, 'kubelet.yaml');
  writeFileSync(config, stringify(kubeletConfig(parts, plan, certificate)));
  const labels = Object.entries(plan.labels).map(([name, value]) => `${name}=${value}`);
  const kubelet = new ClusterProcess(state, {
    name: `${machine.name}-kubelet`,
    argv: machine.argv(
      plan.program,
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${machine.name}`,
      `--node-ip=${machine.network.address}`,
      ...(labels.length > 0 ? [`--node-labels=${labels.join(',')}`] : []),
    ),
    ready: async () => ((await isNodeReady(parts, machine.name)) ? true : undefined),
  });
  await kubelet.start();
  return kubelet;
}

interface NodeObject {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function isNodeReady(parts: ControlPlaneParts, name: string): Promise<boolean> {
  const answer = await apiRequest(parts.admin, `/api/v1/nodes/${name}`);
  if (answer.status !== 200) return false;
  const { status } = JSON.parse(answer.body) as NodeObject;
  return status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

function kubeletConfig(
  parts: ControlPlaneParts,
  plan: KubeletPlan,
  serving: { readonly certificate: string; readonly key: string },
): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: plan.machine.network.address,
    healthzBindAddress: '127.0.0.1',
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: parts.pki.authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: plan.cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: [plan.dnsAddress],
    // Names outside the cluster are nobody's business: pods do not get the machine's resolv.conf.
    resolvConf: '',
    clusterDomain: 'cluster.local',
    serializeImagePulls: false,
    // The disk is the machine's: how full it is says nothing about the test.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'imagefs.available': '0%',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'memory.available': '100Mi',
    },
    nodeStatusUpdateFrequency: '4s',
    ...(plan.reservedCpu === undefined ? {} : { systemReserved: { cpu: plan.reservedCpu } }),
  };
}
