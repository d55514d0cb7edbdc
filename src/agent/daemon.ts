import { hostname } from 'node:os';
import { FlexInferError } from '../api/errors.ts';
import { parseQuantity } from '../api/quantity.ts';
import { EventRecorder } from '../kube/events/event-recorder.ts';
import type { KubeClient } from '../kube/rest/kube-client.ts';
import { systemClock } from '../kube/time/clock.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { ModelStore } from '../models/model-store.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import { Agent } from './agent.ts';
import { CacheKeeper } from './cache/cache-keeper.ts';
import { NodePods } from './cache/model-pods.ts';
import { connectCluster } from './cluster.ts';
import { type LabellerEvents, NodeLabeller } from './labels/node-labeller.ts';
import { type AgentOptions, PROGRAM } from './options.ts';
import { PodDevices } from './pod-resources/pod-devices.ts';
import { serveAgent } from './serve.ts';

/** Work that has not ended so long after the signal is cut off; the kubelet would wait longer. */
const SHUTDOWN_MS = 1000;

/**
 * Runs the agent until the signal aborts.
 *
 * @throws FlexInferError USAGE without a Node or a cluster, PORT_IN_USE
 */
export async function runDaemon(
  options: AgentOptions,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<void> {
  const log = createLogger({ program: PROGRAM.name, level: options.logLevel });
  const { nodeName } = options;
  if (nodeName === undefined && !options.dryRun) {
    throw new FlexInferError('USAGE', 'the agent does not know which Node it is on', {
      todo: 'set NODE_NAME or give --node-name, or --dry-run to label nothing',
    });
  }
  const node = nodeName ?? hostname();
  const { hostRoot, intervalMs, nvidiaSmi } = options;
  const registry = new MetricsRegistry();
  const podDevices = new PodDevices(options.podResources, log);
  const agent = new Agent({
    node,
    intervalMs,
    hostRoot,
    nvidiaSmi,
    clock: systemClock,
    random: Math.random,
    log,
    registry,
    afterCycle: () => podDevices.refresh(signal),
  });
  const client = nodeName === undefined ? undefined : await connectCluster(options.kubeconfig, env);
  const server = await serveAgent(agent, node, podDevices, options.metricsPort);
  log.info({ node, port: server.port, intervalMs, labelPrefix: options.labelPrefix }, 'the agent has started');
  try {
    const labeller = client && labellerOf(options, node, client, agent, log);
    await agent.run(signal, labeller, keeperOf(options, node, client, registry, log));
  } finally {
    await server.close(SHUTDOWN_MS);
    await client?.close();
    log.info({ node }, 'the agent has stopped; the labels stay');
  }
}

function keeperOf(
  options: AgentOptions,
  node: string,
  client: KubeClient | undefined,
  registry: MetricsRegistry,
  log: Logger,
): CacheKeeper | undefined {
  if (options.cache === undefined || client === undefined || options.dryRun) return undefined;
  const onError = (error: unknown): void =>
    log.debug({ err: String(error) }, 'the pods of this node cannot be followed');
  return new CacheKeeper({
    store: new ModelStore(options.cache),
    node,
    pods: new NodePods(client, node, onError),
    registry,
    clock: systemClock,
    log,
    limitBytes: parseQuantity(options.cacheLimit),
  });
}

function labellerOf(
  options: AgentOptions,
  nodeName: string,
  client: KubeClient,
  agent: Agent,
  log: Logger,
): NodeLabeller {
  const recorder = new EventRecorder({
    client,
    component: PROGRAM.name,
    instance: nodeName,
    onError: (error) => log.debug({ err: String(error) }, 'an event was not recorded'),
  });
  const subject = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName };
  const on: Partial<LabellerEvents> = {
    wrote: (result, detail) => {
      agent.metrics.wrote(result);
      if (result === 'success') log.info({ node: nodeName }, 'labels written');
      else log.warn({ node: nodeName, result, detail }, 'labels not written');
    },
    conflicts: (keys) => {
      agent.metrics.conflicted(keys.length);
      const message = `${keys.join(', ')}: set by somebody else, left alone; --overwrite would take it over`;
      log.warn({ node: nodeName, keys }, 'labels belong to somebody else');
      recorder.record(subject, 'Warning', 'LabelConflict', message);
    },
    problems: (problems) => agent.labelProblems(problems),
    planned: (plan) => {
      if (options.dryRun && plan.patch !== undefined) log.info({ patch: plan.patch }, 'dry run: would patch');
    },
  };
  return new NodeLabeller({
    client,
    nodeName,
    prefix: options.labelPrefix,
    overwrite: options.overwrite,
    dryRun: options.dryRun,
    architectures: options.architectures,
    on,
  });
}
