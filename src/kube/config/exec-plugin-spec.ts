import { isAbsolute } from 'node:path';
import { isRecord } from '../objects/object.ts';
import type { KubeconfigEntry } from './kubeconfig-file.ts';

/** A credential plugin as a kubeconfig's user names it. Source: Kubernetes' page on client-go credential plugins. */
export interface ExecPluginSpec {
  readonly where: string;
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
  readonly installHint: string | undefined;
  /** What `provideClusterInfo` asks to be told to the plugin. */
  readonly cluster: Readonly<Record<string, unknown>> | undefined;
}

const API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** @throws KubeConfigError when the entry is incomplete or asks for a protocol version that is not supported */
export function execPluginSpec(user: KubeconfigEntry, cluster: KubeconfigEntry): ExecPluginSpec {
  const exec = user.nested('exec');
  const apiVersion = exec.text('apiVersion') ?? '';
  if (!API_VERSIONS.includes(apiVersion)) throw exec.invalid('apiVersion', `one of ${API_VERSIONS.join(', ')}`);
  const command = exec.text('command');
  if (command === undefined) throw exec.invalid('command', 'the name of a program');
  const interactiveMode = exec.text('interactiveMode') ?? 'IfAvailable';
  if (interactiveMode !== 'Never' && interactiveMode !== 'IfAvailable' && interactiveMode !== 'Always') {
    throw exec.invalid('interactiveMode', 'Never, IfAvailable or Always');
  }
  return {
    where: user.where,
    apiVersion,
    // A bare name is looked up in PATH; anything with a slash is relative to the kubeconfig.
    command: command.includes('/') && !isAbsolute(command) ? (exec.path('command') ?? command) : command,
    args: exec.texts('args'),
    env: exec.pairs('env'),
    interactiveMode,
    installHint: exec.text('installHint'),
    cluster: exec.flag('provideClusterInfo') ? clusterInfo(cluster) : undefined,
  };
}

function clusterInfo(cluster: KubeconfigEntry): Readonly<Record<string, unknown>> {
  const passed = ['server', 'tls-server-name', 'insecure-skip-tls-verify', 'certificate-authority-data', 'proxy-url'];
  const info = Object.fromEntries(passed.map((name) => [name, cluster.fields[name]]));
  const { extensions } = cluster.fields;
  const own: unknown = Array.isArray(extensions)
    ? extensions.find((each) => isRecord(each) && each.name === 'client.authentication.k8s.io/exec')
    : undefined;
  return { ...info, config: isRecord(own) ? own.extension : undefined };
}
