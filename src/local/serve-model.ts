import { FlexInferError } from '../api/errors.ts';
import type { MeasuredRecord } from '../api/record.ts';
import { speedOf } from '../benchmark/record-speed.ts';
import type { ReadyModel } from './events.ts';
import { measureModel, validRecord } from './measure-model.ts';
import { ModelEngine } from './model-engine.ts';
import { type PreparedModel, type PrepareOptions, prepareModel } from './prepare-model.ts';

/** A model whose engine runs, with what is known of its speed. */
export interface ServedModel extends PreparedModel {
  readonly engine: ModelEngine;
  readonly record: MeasuredRecord | undefined;
}

export interface ServeOptions extends PrepareOptions {
  /** Measure although a record is still true. */
  readonly remeasure: boolean;
  /** Time for a second point at the full context; absent: it is left out. */
  readonly fullContextMs?: number;
  /** Called as soon as an engine runs, so that it can be stopped whatever happens next. */
  readonly onEngine: (engine: ModelEngine) => void;
}

/** From a manifest to a running, measured engine. */
export async function serveModel(options: ServeOptions): Promise<ServedModel> {
  const prepared = await prepareModel(options);
  const engine = await ModelEngine.start({ ...options, ...prepared }, options.signal);
  options.onEngine(engine);
  const record = await speedRecord(options, prepared, engine);
  assertFloor(prepared, record);
  return { ...prepared, engine, record };
}

/**
 * The speed floor is held against the lowest run, which takes three of them. Without a measurement it cannot be kept.
 *
 * @throws FlexInferError NO_FIT
 */
function assertFloor({ deployment, device }: PreparedModel, record: MeasuredRecord | undefined): void {
  const floor = deployment.spec.placement.minTokensPerSecond;
  if (floor === undefined) return;
  const low = record === undefined ? undefined : speedOf(record).low;
  if (low !== undefined && low >= floor) return;
  const known =
    low === undefined ? 'its lowest speed is not known' : `at its lowest it gives ${low.toFixed(1)} tokens/s`;
  throw new FlexInferError(
    'NO_FIT',
    `${deployment.metadata.name} asks for at least ${floor} tokens/s and on ${device.name} ${known}`,
    {
      todo:
        low === undefined
          ? 'enable spec.benchmark with at least 3 iterations'
          : 'lower spec.placement.minTokensPerSecond or choose a smaller model',
    },
  );
}

async function speedRecord(
  options: ServeOptions,
  prepared: PreparedModel,
  engine: ModelEngine,
): Promise<MeasuredRecord | undefined> {
  const { deployment, onEvent, remeasure } = options;
  const model = deployment.metadata.name;
  const measuring = { ...options, ...prepared, engine };
  const { record, stale } = await validRecord(measuring);
  if (record !== undefined && !remeasure) {
    onEvent({
      event: 'measured',
      model,
      reused: true,
      measuredAt: record.finishedAt,
      ...speedOf(record),
      flags: record.flags,
    });
    return record;
  }
  if (!deployment.spec.benchmark.enabled) {
    onEvent({ event: 'unmeasured', model, reason: 'spec.benchmark.enabled is false' });
    return undefined;
  }
  if (stale.length > 0) onEvent({ event: 'warning', model, message: `measuring again: ${stale.join(', ')}` });
  const fresh = await measureModel(measuring).catch((error: unknown) => {
    throw engine.withLog(error);
  });
  onEvent({
    event: 'measured',
    model,
    reused: false,
    measuredAt: fresh.finishedAt,
    ...speedOf(fresh),
    flags: fresh.flags,
  });
  return fresh;
}

export function readyModel({ deployment, backend, device, record }: ServedModel): ReadyModel {
  return {
    name: deployment.metadata.name,
    backend: backend.name,
    deviceClass: device.deviceClass,
    ...(record === undefined ? {} : speedOf(record)),
  };
}
