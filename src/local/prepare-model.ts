import { FlexInferError } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import type { Backend, EngineInstall } from '../backends/engine.ts';
import { chooseBackend } from '../backends/find-backend.ts';
import type { ModelHeader, StoredModel } from '../models/model.ts';
import { renderDecision } from '../placement/render-decision.ts';
import { systemClock } from '../runtime/clock.ts';
import type { LocalDevice } from './devices.ts';
import type { OnEvent } from './events.ts';
import type { Machine } from './machine.ts';
import { hashOf, subjectOf } from './measure-model.ts';
import { canUse, type LocalPlacement, type MemoryTaken, placeModel } from './place-model.ts';

export interface PrepareOptions {
  readonly machine: Machine;
  readonly deployment: ModelDeployment;
  readonly taken: MemoryTaken;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/** A model whose file is on this machine and whose device and engine are chosen. */
export interface PreparedModel {
  readonly deployment: ModelDeployment;
  readonly model: StoredModel;
  readonly modelHash: string;
  readonly device: LocalDevice;
  readonly backend: Backend;
  readonly install: EngineInstall;
  /** Seconds the pull took; absent when nothing had to be fetched. */
  readonly pullSeconds: number | undefined;
}

/**
 * Chooses the engine, makes sure that the model fits before a byte of it is fetched, pulls it and places it.
 *
 * @throws FlexInferError with the name of the model in what it says
 */
export async function prepareModel(options: PrepareOptions): Promise<PreparedModel> {
  const { machine, deployment, taken, signal, onEvent } = options;
  const { name } = deployment.metadata;
  const { source, sha256, pullPolicy } = deployment.spec.model;
  refuseClusterOnly(deployment);
  const { backend, install } = await chooseBackend(deployment.spec.backend, process.env, {
    signal,
    onLine: (detail) => {
      onEvent({ event: 'engine', model: name, backend: 'embedded', state: 'installing', detail });
    },
  });
  for (const device of machine.devices) {
    if (!canUse(device, install)) {
      onEvent({
        event: 'warning',
        model: name,
        message: `${device.name} is not used: ${backend.name} ${install.version} was built without support for it`,
      });
    }
  }
  const nowMs = systemClock.wallMs();
  const place = (header: ModelHeader, more: { modelHash?: string } = {}): Promise<LocalPlacement> =>
    machine.records
      .list()
      .then((records) => placeModel({ machine, deployment, header, records, install, taken, nowMs, ...more }));

  const local = source.startsWith('file://');
  // Nothing is fetched, or hashed for minutes, for a model that cannot fit.
  if (local || !(await machine.store.has(source, { sha256 })))
    await place((await machine.store.inspect(source, { signal })).header);

  const begin = performance.now();
  const model = await machine.store.pull(source, {
    sha256,
    policy: pullPolicy,
    signal,
    onProgress: ({ phase, doneBytes, totalBytes }) => {
      onEvent({ event: 'pull', model: name, phase, doneBytes, ...(totalBytes === undefined ? {} : { totalBytes }) });
    },
  });
  const pullSeconds = model.cacheHit ? undefined : (performance.now() - begin) / 1000;

  const modelHash = hashOf(subjectOf(deployment, model.contentHash, backend.name));
  const placement = await place(model.header, { modelHash });
  tell(options, model, placement);
  take(taken, placement);
  return { deployment, model, modelHash, device: placement.device, backend, install, pullSeconds };
}

/** What a manifest may ask of a cluster and one machine cannot give. */
function refuseClusterOnly(deployment: ModelDeployment): void {
  const { hostTier } = deployment.spec.kvCache;
  if (hostTier.mode === 'Required') {
    throw new FlexInferError(
      'UNSUPPORTED',
      `${deployment.metadata.name} requires a key-value cache tier in host memory, which is not offered yet`,
      {
        todo: 'set spec.kvCache.hostTier.mode to Opportunistic or Disabled',
      },
    );
  }
}

function tell({ deployment, onEvent }: PrepareOptions, model: StoredModel, placement: LocalPlacement): void {
  const { name } = deployment.metadata;
  const { architecture, parameters, quantization } = model.header;
  const { device, footprint, decision } = placement;
  onEvent({
    event: 'model',
    model: name,
    source: model.source,
    architecture,
    parameters,
    quantization,
    sizeBytes: model.sizeBytes,
    memory: footprint,
  });
  for (const message of decision.best?.warnings ?? []) onEvent({ event: 'warning', model: name, message });
  const trained = model.header.trainedContextLength;
  const { contextLength, replicas } = deployment.spec;
  if (trained !== undefined && contextLength > trained) {
    onEvent({
      event: 'warning',
      model: name,
      message: `contextLength ${contextLength} is more than the ${trained} tokens the model was trained for`,
    });
  }
  if (replicas !== 1)
    onEvent({ event: 'warning', model: name, message: `replicas: ${replicas} means 1 on one machine` });
  onEvent({
    event: 'placed',
    model: name,
    device: device.name,
    deviceClass: device.deviceClass,
    why: decision.why,
    explanation: renderDecision(decision),
  });
}

function take(taken: MemoryTaken, { device, footprint }: LocalPlacement): void {
  taken.set(device.name, (taken.get(device.name) ?? 0) + footprint.perGpuMiB);
}
