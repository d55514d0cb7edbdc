import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';
import { ClusterProcess } from './cluster-process.ts';
import { type ClusterNetwork, connectNode, type NodeNetwork } from './node-network.ts';
import type { ClusterState } from './state.ts';

/** What the kubelet wants the kernel settings to be; it would otherwise change them for the whole machine. */
const KERNEL_SETTINGS = { 'vm/overcommit_memory': '1', 'kernel/panic': '10', 'kernel/panic_on_oops': '1' };

/**
 * The machine a node seems to be: namespaces of its own for network, mounts and host name, in which /run and /var are
 * empty, so that containerd and kubelet use their usual paths and two nodes never meet. A sleeping process holds the
 * namespaces; when it and all others in them have ended, their mounts, rules and devices are gone with them.
 */
export class NodeMachine {
  readonly name: string;
  readonly network: NodeNetwork;
  readonly #holder: ClusterProcess;

  private constructor(name: string, network: NodeNetwork, holder: ClusterProcess) {
    this.name = name;
    this.network = network;
    this.#holder = holder;
  }

  static async create(
    state: ClusterState,
    name: string,
    cluster: ClusterNetwork,
    network: NodeNetwork,
  ): Promise<NodeMachine> {
    const folder = state.makeFolder(name);
    const script = join(folder, 'machine.sh');
    const ready = join(folder, 'ready');
    writeFileSync(script, machineScript(folder, name, ready));
    const argv = ['unshare', '--net', '--mount', '--uts', '--propagation', 'private', 'sh', script];
    const holder = new ClusterProcess(state, {
      name: `${name}-machine`,
      argv,
      ready: async () => (existsSync(ready) ? true : undefined),
    });
    await holder.start();
    await connectNode(state, cluster, network, holder.pid);
    return new NodeMachine(name, network, holder);
  }

  get pid(): number {
    return this.#holder.pid;
  }

  /** The command line that runs `argv` on this machine. */
  argv(...argv: readonly string[]): readonly string[] {
    return ['nsenter', '--target', String(this.pid), '--mount', '--uts', '--net', '--', ...argv];
  }

  /** Runs a command on this machine and returns what it prints. */
  async exec(argv: readonly string[], input?: string): Promise<string> {
    return command(this.argv(...argv), input === undefined ? {} : { input });
  }
}

function machineScript(folder: string, name: string, ready: string): string {
  const varFolder = join(folder, 'var');
  for (const each of ['lib', 'log', 'tmp', 'cache']) mkdirSync(join(varFolder, each), { recursive: true });
  symlinkSync('/run', join(varFolder, 'run'));
  const settings = Object.entries(KERNEL_SETTINGS).map(([setting, value]) => {
    const file = join(folder, setting.replace('/', '-'));
    writeFileSync(file, `${value}\n`);
    return `mount --bind '${file}' /proc/sys/${setting}`;
  });
  return [
    'set -eu',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    'mkdir /run/lock',
    `mount --bind '${varFolder}' /var`,
    ...settings,
    // Volumes with mount propagation need shared mounts; shared from here on, so still nothing gets out.
    'mount --make-rshared /',
    `hostname ${name}`,
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    `touch '${ready}'`,
    'exec sleep infinity',
    '',
  ].join('\n');
}
