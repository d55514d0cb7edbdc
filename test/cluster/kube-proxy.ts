import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { ClusterProcess } from './cluster-process.ts';
import type { ControlPlaneParts } from './control-plane.ts';
import { accessOf, writeKubeconfig } from './kubeconfig.ts';
import type { NodeMachine } from './node-machine.ts';

/** Starts the kube-proxy of a node, so that pods reach Services, the API server's own among them. */
export async function startKubeProxy(
  parts: ControlPlaneParts,
  machine: NodeMachine,
  program: string,
): Promise<ClusterProcess> {
  const { state, pki, admin } = parts;
  const access = accessOf(admin.server, pki.authority.certificate, pki.proxy);
  const kubeconfig = writeKubeconfig(state.path(machine.name, 'kube-proxy.kubeconfig'), access, 'kube-proxy');
  const config = state.path(machine.name, 'kube-proxy.yaml');
  writeFileSync(
    config,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      hostnameOverride: machine.name,
      clientConnection: { kubeconfig },
      // Connection tracking limits belong to the whole machine: leave them as they are.
      conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
      iptables: { minSyncPeriod: '0s' },
    }),
  );
  const proxy = new ClusterProcess(state, {
    name: `${machine.name}-kube-proxy`,
    argv: machine.argv(program, `--config=${config}`),
    ready: async () => {
      const rules = await machine.exec(['iptables-save', '--table', 'nat']);
      return rules.includes('default/kubernetes:https') ? true : undefined;
    },
  });
  await proxy.start();
  return proxy;
}
