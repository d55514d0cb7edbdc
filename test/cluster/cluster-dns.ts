import { Resolver } from 'node:dns/promises';
import { writeFileSync } from 'node:fs';
import { ClusterProcess } from './cluster-process.ts';
import type { ControlPlaneParts } from './control-plane.ts';

/**
 * Starts CoreDNS at `address`, where the nodes' pods ask for the names of Services. It runs beside the API server
 * instead of in a pod, so that names work before anything has been scheduled. Names outside the cluster are refused.
 */
export async function startDns(parts: ControlPlaneParts, program: string, address: string): Promise<ClusterProcess> {
  const config = parts.state.path('Corefile');
  writeFileSync(
    config,
    [
      '.:53 {',
      `  bind ${address}`,
      '  errors',
      '  kubernetes cluster.local in-addr.arpa {',
      `    kubeconfig ${parts.kubeconfigPath} test`,
      '  }',
      '}',
      '',
    ].join('\n'),
  );
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([address]);
  const dns = new ClusterProcess(parts.state, {
    name: 'coredns',
    argv: [program, '-conf', config],
    ready: async () => {
      const found = await resolver.resolve4('kubernetes.default.svc.cluster.local');
      return found.length > 0 ? true : undefined;
    },
  });
  await dns.start();
  return dns;
}
