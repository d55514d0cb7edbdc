import { mkdirSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';
import { ClusterProcess } from './cluster-process.ts';
import type { ControlPlaneParts } from './control-plane.ts';
import { accessOf, writeKubeconfig } from './kubeconfig.ts';

/** Everything of a KubeSchedulerConfiguration but its header, its connection and its leader election. */
export type SchedulerConfiguration = Readonly<Record<string, unknown>>;

/** Starts the controllers: service accounts, Deployments, Jobs, garbage collection and all the others. */
export async function startControllerManager(
  parts: ControlPlaneParts,
  program: string,
  args: readonly string[],
): Promise<ClusterProcess> {
  const { state, pki } = parts;
  const kubeconfig = componentKubeconfig(parts, 'controller-manager', pki.controllerManager);
  const controllerManager = new ClusterProcess(state, {
    name: 'kube-controller-manager',
    argv: [
      program,
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${pki.serviceAccountKey}`,
      `--root-ca-file=${pki.authority.certificate}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${await parts.ports.take()}`,
      ...args,
    ],
  });
  await controllerManager.start();
  return controllerManager;
}

/**
 * Starts a kube-scheduler; several can run beside each other when their profiles have different names.
 *
 * @param name of the process and its files, as `kube-scheduler`
 */
export async function startScheduler(
  parts: ControlPlaneParts,
  program: string,
  name: string,
  configuration: SchedulerConfiguration,
): Promise<ClusterProcess> {
  const { state, pki } = parts;
  const config = state.path(`${name}.yaml`);
  const header = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const kubeconfig = componentKubeconfig(parts, name, pki.scheduler);
  // The default of 50 requests a second would be the ceiling of every load run.
  const clientConnection = { qps: 500, burst: 1000, kubeconfig };
  const leaderElection = { leaderElect: false };
  writeFileSync(config, stringify({ ...header, leaderElection, ...configuration, clientConnection }));
  const port = await parts.ports.take();
  const scheduler = new ClusterProcess(state, {
    name,
    argv: [program, `--config=${config}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, '--v=2'],
  });
  await scheduler.start();
  return scheduler;
}

function componentKubeconfig(parts: ControlPlaneParts, name: string, pair: KeyPair): string {
  const folder = parts.state.path('kubeconfigs');
  mkdirSync(folder, { recursive: true });
  const access = accessOf(parts.admin.server, parts.pki.authority.certificate, pair);
  return writeKubeconfig(`${folder}/${name}`, access, name);
}
