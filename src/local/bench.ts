import type { MeasuredRecord } from '../api/record.ts';
import type { OnEvent } from './events.ts';
import { openMachine } from './machine.ts';
import { readManifestFile } from './manifest-file.ts';
import type { ModelEngine } from './model-engine.ts';
import { serveModel } from './serve-model.ts';

/** Who asks for a benchmark has a minute for the second point; who asks for a server does not. */
const FULL_CONTEXT_MS = 60_000;

export interface BenchOptions {
  readonly file: string;
  readonly cacheDirectory?: string;
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
}

/** Measures every model of a manifest, one after the other, each on the device it would be placed on. */
export async function bench(options: BenchOptions): Promise<readonly MeasuredRecord[]> {
  const deployments = await readManifestFile(options.file);
  const machine = await openMachine(options);
  options.onEvent({
    event: 'hardware',
    inventory: machine.inventory,
    deviceClasses: machine.devices.map((device) => device.deviceClass),
  });
  const records: MeasuredRecord[] = [];
  for (const deployment of deployments) {
    const measured = {
      ...deployment,
      spec: { ...deployment.spec, benchmark: { ...deployment.spec.benchmark, enabled: true } },
    };
    let engine: ModelEngine | undefined;
    try {
      const { record } = await serveModel({
        ...options,
        machine,
        deployment: measured,
        taken: new Map(),
        remeasure: true,
        fullContextMs: FULL_CONTEXT_MS,
        onEngine: (started) => {
          engine = started;
        },
      });
      if (record !== undefined) records.push(record);
    } finally {
      await engine?.stop();
    }
  }
  return records;
}
