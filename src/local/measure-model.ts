import { createHash, randomInt } from 'node:crypto';
import { FlexInferError } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import { parseDurationMs } from '../api/quantity.ts';
import { type BenchmarkRecord, type MeasuredRecord, PROTOCOL_VERSION, type Subject } from '../api/record.ts';
import type { Backend, EngineInstall } from '../backends/engine.ts';
import { modelHash } from '../benchmark/keys.ts';
import { type Circumstances, staleReasons } from '../benchmark/staleness.ts';
import { replaces } from '../benchmark/succession.ts';
import { assembleFailure, assembleRecord, type RecordContext } from '../measure/assemble-record.ts';
import { sampleGpus } from '../measure/device-watch.ts';
import { measureEngine } from '../measure/measure-engine.ts';
import type { StoredModel } from '../models/model.ts';
import { systemClock } from '../runtime/clock.ts';
import type { LocalDevice } from './devices.ts';
import type { OnEvent } from './events.ts';
import type { Machine } from './machine.ts';
import type { ModelEngine } from './model-engine.ts';

export interface MeasureModelOptions {
  readonly machine: Machine;
  readonly deployment: ModelDeployment;
  readonly model: StoredModel;
  readonly device: LocalDevice;
  readonly backend: Backend;
  readonly install: EngineInstall;
  readonly engine: ModelEngine;
  readonly pullSeconds: number | undefined;
  /** Time for a second point at the full context; absent: it is left out. */
  readonly fullContextMs?: number;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/** What a measurement of this deployment is about, whichever device it is made on. */
export function subjectOf(deployment: ModelDeployment, contentHash: string, backend: string): Subject {
  const { args, contextLength, parallel, kvCache, hardware } = deployment.spec;
  return {
    contentHash,
    backend,
    args,
    contextLength,
    parallel,
    kvCacheType: kvCache.type,
    gpus: hardware.gpus,
    protocol: PROTOCOL_VERSION,
  };
}

export function hashOf(subject: Subject): string {
  return modelHash(subject, (text) => createHash('sha256').update(text).digest('hex'));
}

/** The stored record when it is still true, with the reasons when it is not. */
export async function validRecord(
  options: MeasureModelOptions,
): Promise<{ readonly record?: MeasuredRecord; readonly stale: readonly string[] }> {
  const { machine, deployment, model, device, backend } = options;
  const hash = hashOf(subjectOf(deployment, model.contentHash, backend.name));
  const record = await machine.records.find(hash, device.deviceClass);
  if (record?.outcome !== 'measured') return { stale: [] };
  const stale = staleReasons(record, circumstancesOf(options));
  return stale.length === 0 ? { record, stale } : { stale };
}

function circumstancesOf({ device, backend, install, engine }: MeasureModelOptions): Circumstances {
  return {
    deviceClass: device.deviceClass,
    protocol: PROTOCOL_VERSION,
    engine: { name: backend.name, version: install.version, arguments: engine.plan.recordedArgs },
    threads: engine.threads,
    driver: driverOf(device),
    nowMs: systemClock.wallMs(),
  };
}

/** Unless what is kept says more: a clean number is worth more than one of a busy device, and any number than a failure. */
async function keep(options: MeasureModelOptions, made: BenchmarkRecord): Promise<void> {
  const { records } = options.machine;
  const kept = await records.find(made.modelHash, made.deviceClass);
  const keptIsStale = kept?.outcome === 'measured' && staleReasons(kept, circumstancesOf(options)).length > 0;
  if (replaces(made, kept, keptIsStale)) await records.save(made);
}

/**
 * Measures one running engine and keeps the record. A failure is kept as well, and thrown.
 *
 * @throws FlexInferError BENCHMARK_FAILED, ENGINE_FAILED, CANCELLED
 */
export async function measureModel(options: MeasureModelOptions): Promise<MeasuredRecord> {
  const { deployment, device, backend, engine, signal, onEvent } = options;
  const { warmupIterations, iterations, minDuration } = deployment.spec.benchmark;
  const startedAtMs = systemClock.wallMs();
  const context = () => recordContext(options, startedAtMs);
  try {
    const measured = await measureEngine({
      client: engine.client,
      backend: backend.name,
      contextLength: deployment.spec.contextLength,
      parallel: deployment.spec.parallel,
      warmupIterations,
      iterations,
      maxMs: parseDurationMs(minDuration) ?? Number.POSITIVE_INFINITY,
      seed: randomInt(2 ** 31),
      clock: systemClock,
      signal,
      ...(options.fullContextMs === undefined ? {} : { fullContextMs: options.fullContextMs }),
      ...(device.gpus.length === 0 ? {} : { sampleDevices: sampleGpus(device.gpus, engine.pid) }),
      onProgress: (progress) => {
        onEvent({ event: 'measure', model: deployment.metadata.name, ...progress });
      },
    });
    if (measured.fullContextProblem !== undefined) {
      const message = `not measured at the full context: ${measured.fullContextProblem}`;
      onEvent({ event: 'warning', model: deployment.metadata.name, message });
    }
    const record = assembleRecord(context(), engineFacts(options), measured);
    await keep(options, record);
    return record;
  } catch (error) {
    if (error instanceof FlexInferError && error.code !== 'CANCELLED') {
      await keep(options, assembleFailure(context(), error.code, error.message));
    }
    throw error;
  }
}

function engineFacts({ backend, install, engine, pullSeconds }: MeasureModelOptions) {
  return {
    name: backend.name,
    version: install.version,
    arguments: engine.plan.recordedArgs,
    threads: engine.threads,
    startSeconds: engine.startSeconds,
    pullSeconds,
  };
}

function recordContext(options: MeasureModelOptions, startedAtMs: number): RecordContext {
  const { machine, deployment, model, device, backend } = options;
  const subject = subjectOf(deployment, model.contentHash, backend.name);
  return {
    subject,
    modelHash: hashOf(subject),
    model: { name: deployment.metadata.name, source: deployment.spec.model.source },
    deviceClass: device.deviceClass,
    node: machine.node,
    devices: device.gpus.map((gpu) => ({
      id: gpu.uuid ?? gpu.pciAddress,
      vendor: gpu.vendor,
      ...(gpu.product === undefined ? {} : { product: gpu.product }),
    })),
    driver: driverOf(device),
    startedAtMs,
    finishedAtMs: systemClock.wallMs(),
  };
}

function driverOf(device: LocalDevice): string | undefined {
  return device.gpus[0]?.driverVersion;
}
