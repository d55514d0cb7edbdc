import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import { FlexInferError, messageOf } from '../api/errors.ts';
import { DEFAULT_LABEL_PREFIX } from '../api/names.ts';
import { parseQuantity } from '../api/quantity.ts';
import { parseArchitectures } from '../hardware/architecture-file.ts';
import type { ArchitectureRow } from '../hardware/kernels.data.ts';
import {
  type ConfigOf,
  checkedSetting,
  choiceSetting,
  durationSetting,
  parseConfig,
  portSetting,
  switchSetting,
  textSetting,
} from '../runtime/config.ts';
import { LOG_LEVELS } from '../runtime/logger.ts';
import { prefixProblem } from './labels/prefix.ts';

export const PROGRAM = {
  name: 'flexinfer-agent',
  description: 'Finds out what a node can do and says so in its labels and in metrics.',
  version: packageJson.version,
};

const SETTINGS = {
  intervalMs: {
    flag: '--interval',
    value: 'duration',
    describe: 'how often the hardware is probed; 30s',
    schema: durationSetting('30s', 5000),
  },
  metricsPort: { flag: '--metrics-port', value: 'port', describe: 'port of /metrics; 9100', schema: portSetting(9100) },
  labelPrefix: {
    flag: '--label-prefix',
    value: 'prefix',
    describe: `what every label begins with; ${DEFAULT_LABEL_PREFIX}`,
    schema: checkedSetting(DEFAULT_LABEL_PREFIX, prefixProblem),
  },
  overwrite: {
    flag: '--overwrite',
    describe: 'take over labels that somebody else has set',
    schema: switchSetting(),
  },
  nodeName: {
    flag: '--node-name',
    value: 'name',
    env: 'NODE_NAME',
    describe: 'the Node to label',
    schema: textSetting(),
  },
  kubeconfig: {
    flag: '--kubeconfig',
    value: 'file',
    describe: 'how to reach the cluster; in a pod, its service account',
    schema: textSetting(),
  },
  hostRoot: {
    flag: '--host-root',
    value: 'directory',
    describe: "where the node's /proc, /sys and /etc are; /",
    schema: checkedSetting('/', (text) => (text === '' ? 'is empty' : undefined)),
  },
  nvidiaSmi: {
    flag: '--nvidia-smi',
    value: 'path',
    describe: 'the nvidia-smi to ask; looked up in PATH',
    schema: textSetting(),
  },
  architectures: {
    flag: '--architectures',
    value: 'file',
    describe: 'JSON list of rows that replace or extend the table of architectures',
    schema: textSetting(),
  },
  podResources: {
    flag: '--pod-resources',
    value: 'socket',
    describe: "the kubelet's socket that tells which pod has which device",
    schema: checkedSetting('/var/lib/kubelet/pod-resources/kubelet.sock', (text) =>
      text === '' ? 'is empty' : undefined,
    ),
  },
  cache: {
    flag: '--cache',
    value: 'directory',
    env: 'MODEL_CACHE_PATH',
    describe: "the node's model cache to look after; none when left out",
    schema: textSetting(),
  },
  cacheLimit: {
    flag: '--cache-limit',
    value: 'size',
    describe: 'remove unused models above this size, such as 200Gi; none when left out',
    schema: checkedSetting('', (text) =>
      text === '' || parseQuantity(text) !== undefined ? undefined : 'is no size such as 200Gi',
    ),
  },
  once: { flag: '--once', describe: 'print what was found and exit', schema: switchSetting() },
  output: {
    flag: '--output',
    value: 'format',
    describe: 'how --once prints: table, json or yaml',
    schema: choiceSetting(['table', 'json', 'yaml'], 'table'),
  },
  dryRun: { flag: '--dry-run', describe: 'write nothing to the cluster', schema: switchSetting() },
  logLevel: {
    flag: '--log-level',
    value: 'level',
    describe: 'debug, info, warn or error; info',
    schema: choiceSetting(LOG_LEVELS, 'info'),
  },
} as const;

/** Every flag, for the page that explains them. */
export const FLAGS: readonly string[] = Object.values(SETTINGS).map((setting) => setting.flag);

export type AgentOptions = Omit<ConfigOf<typeof SETTINGS>, 'architectures'> & {
  readonly architectures: readonly ArchitectureRow[];
};

/**
 * Flags and environment of the agent.
 *
 * @throws FlexInferError USAGE or INVALID_FILE; CommanderError with exit code 0 after `--help` and `--version`
 */
export function agentOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): AgentOptions {
  const config = parseConfig(PROGRAM, SETTINGS, args, env);
  return { ...config, architectures: config.architectures === undefined ? [] : readTable(config.architectures) };
}

function readTable(path: string): readonly ArchitectureRow[] {
  try {
    return parseArchitectures(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FlexInferError('INVALID_FILE', `--architectures ${path}: ${messageOf(error)}`, {
      todo: 'correct the file',
      cause: error,
    });
  }
}
