import { resolve } from 'node:path';
import { FlexInferError } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import { type Gate, startGate } from '../gate/gate.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { systemClock } from '../runtime/clock.ts';
import { assertPortFree } from '../runtime/port.ts';
import type { OnEvent } from './events.ts';
import { type Machine, openMachine } from './machine.ts';
import { readManifestFile } from './manifest-file.ts';
import type { ModelEngine } from './model-engine.ts';
import { RunningServers } from './running.ts';
import { readyModel, type ServedModel, serveModel } from './serve-model.ts';

const LOOPBACK = /^(127(\.\d+){3}|::1|localhost)$/;
/** How long requests in flight may go on after a stop was asked for. */
const GRACE_MS = 5000;

export interface UpOptions {
  readonly file: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly cacheDirectory?: string;
  readonly remeasure: boolean;
  /** Asked of every client as a bearer token; absent: nothing is asked. */
  readonly apiKey?: string;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/**
 * Serves every model of a manifest on this machine until the signal aborts. Whatever happens, no engine is left running.
 *
 * @returns after a stop that was asked for while serving
 * @throws FlexInferError for everything else
 */
export async function up(options: UpOptions): Promise<void> {
  const { signal, onEvent } = options;
  const deployments = await readManifestFile(options.file);
  assertKey(deployments, options);
  // Known before minutes of pulling and measuring are spent.
  await assertPortFree(options.port, options.host);
  const machine = await openMachine(options);
  onEvent({
    event: 'hardware',
    inventory: machine.inventory,
    deviceClasses: machine.devices.map((device) => device.deviceClass),
  });

  const engines: ModelEngine[] = [];
  let gate: Gate | undefined;
  let withdraw: (() => Promise<void>) | undefined;
  try {
    const served: ServedModel[] = [];
    const taken = new Map<string, number>();
    for (const deployment of deployments) {
      served.push(
        await serveModel({ ...options, machine, deployment, taken, onEngine: (engine) => engines.push(engine) }),
      );
    }
    gate = await openGate(options, machine, served);
    withdraw = await announce(options, machine, gate, served);
    onEvent({ event: 'ready', endpoint: gate.address.url, models: served.map(readyModel) });
    await untilStopped(signal, gate, served);
    onEvent({ event: 'stopping', reason: 'requests under way may finish' });
  } finally {
    await gate?.close({ graceMs: GRACE_MS });
    await Promise.all(engines.map((engine) => engine.stop()));
    // Last: a state folder that can no longer be written must not leave an engine running.
    await withdraw?.();
  }
  onEvent({ event: 'stopped' });
}

/** A manifest that wants its endpoint protected is never served without; an open address is at least pointed out. */
function assertKey(deployments: readonly ModelDeployment[], { apiKey, host, onEvent }: UpOptions): void {
  if (apiKey !== undefined) return;
  const wanting = deployments.find((deployment) => deployment.spec.auth !== undefined);
  if (wanting !== undefined) {
    throw new FlexInferError(
      'UNSUPPORTED',
      `${wanting.metadata.name} asks for a bearer key from a Secret, and there is none on one machine`,
      { todo: 'put the key into FLEXINFER_API_KEY' },
    );
  }
  if (!LOOPBACK.test(host)) {
    const message = `anybody who reaches ${host} can use the models: set FLEXINFER_API_KEY to ask for a key`;
    onEvent({ event: 'warning', model: 'gate', message });
  }
}

async function openGate(options: UpOptions, machine: Machine, served: readonly ServedModel[]): Promise<Gate> {
  const gate = await startGate({
    host: options.host,
    port: options.port,
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
    clock: systemClock,
    metrics: new MetricsRegistry(),
    models: served.map(({ deployment, backend, engine }) => ({
      name: deployment.metadata.name,
      backend: backend.name,
      engineOrigin: `http://127.0.0.1:${engine.plan.port}`,
      engineModel: deployment.metadata.name,
      node: machine.node,
      maxConcurrent: deployment.spec.parallel,
      counters: (signal) => engine.client.counters(signal),
      probe: true,
    })),
    onProblem: (message) => {
      options.onEvent({ event: 'warning', model: 'gate', message });
    },
  });
  // A model that was just measured has answered.
  for (const { deployment, record } of served) {
    if (record !== undefined) gate.markReady(deployment.metadata.name);
  }
  return gate;
}

function announce(options: UpOptions, machine: Machine, gate: Gate, served: readonly ServedModel[]) {
  return new RunningServers(machine.stateDirectory).add({
    pid: process.pid,
    endpoint: gate.address.url,
    file: resolve(options.file),
    startedAt: new Date(systemClock.wallMs()).toISOString(),
    models: served.map(({ deployment, modelHash, device }) => ({
      name: deployment.metadata.name,
      modelHash,
      deviceClass: device.deviceClass,
    })),
  });
}

/** Waits for the signal while engines that end are started again; rejects when one cannot be kept alive. */
async function untilStopped(signal: AbortSignal, gate: Gate, served: readonly ServedModel[]): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const lost = served.map(({ engine, deployment }) =>
    engine.supervise((ready) => {
      gate.setReady(deployment.metadata.name, ready);
    }),
  );
  await Promise.race([stopped, ...lost]);
  for (const each of lost) each.catch(() => undefined);
}
