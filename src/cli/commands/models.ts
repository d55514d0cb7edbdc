import { estimateFootprint } from '../../models/footprint.ts';
import type { Footprint } from '../../models/model.ts';
import { defaultCacheDirectory, ModelStore } from '../../models/model-store.ts';
import { formatAge, formatBytes, formatCount, formatDone, formatMiB } from '../format.ts';
import { listenForInterruption } from '../interruption.ts';
import type { CommonOptions } from '../options.ts';
import { printResult } from '../output.ts';
import { ProgressView } from '../progress.ts';
import { renderTable } from '../table.ts';

export async function inspect(
  source: string,
  options: CommonOptions & { contextLength: number; parallel: number },
): Promise<void> {
  const model = await storeOf(options).inspect(source);
  const { header } = model;
  const { contextLength, parallel } = options;
  const memoryOn = (gpus: number) =>
    estimateFootprint(header, { contextLength, parallel, kvCacheType: 'auto', backend: 'llamacpp', gpus });
  const memory = { contextLength, parallel, gpu: memoryOn(1), cpu: memoryOn(0) };
  await printResult(options.output, { ...model, memory }, () =>
    renderTable(
      ['field', 'value'],
      [
        ['source', source],
        ['name', header.name],
        ['architecture', header.architecture],
        ['parameters', formatCount(header.parameters)],
        ['quantization', header.quantization],
        ['size', formatBytes(model.sizeBytes)],
        ['sha256', model.files.length === 1 ? model.files[0]?.sha256 : `${model.files.length} files`],
        ['license', header.license],
        ['trained context', header.trainedContextLength],
        ['context', `${contextLength} x ${parallel}`],
        ['memory on a GPU', footprintText(memory.gpu)],
        ['memory on the CPU', footprintText(memory.cpu)],
      ],
    ),
  );
}

function footprintText({ perGpuMiB, lowMiB, highMiB, source }: Footprint): string {
  return `${formatMiB(perGpuMiB)} ${source} (${formatMiB(lowMiB)} to ${formatMiB(highMiB)})`;
}

export async function pull(source: string, options: CommonOptions & { sha256?: string }): Promise<void> {
  const shutdown = listenForInterruption();
  const progress = new ProgressView(process.stderr);
  try {
    const model = await storeOf(options).pull(source, {
      ...(options.sha256 === undefined ? {} : { sha256: options.sha256 }),
      signal: shutdown.signal,
      onProgress: (event) => {
        progress.bar(event.phase, event.doneBytes, event.totalBytes, formatDone(event.doneBytes, event.totalBytes));
      },
    });
    progress.end();
    await printResult(options.output, model, () => `${model.mainFile}\n`);
  } finally {
    progress.end();
    shutdown.dispose();
  }
}

export async function listModels(options: CommonOptions): Promise<void> {
  const models = await storeOf(options).list();
  await printResult(options.output, models, () =>
    models.length === 0
      ? 'no models in the cache\n'
      : renderTable(
          ['source', 'architecture', 'parameters', 'quantization', 'size', 'last used'],
          models.map((model) => [
            model.sources.join(', '),
            model.header.architecture,
            formatCount(model.header.parameters),
            model.header.quantization,
            formatBytes(model.sizeBytes),
            model.inUse ? 'in use' : `${formatAge(Date.now() - model.lastUsedMs)} ago`,
          ]),
        ),
  );
}

export async function prune(
  options: CommonOptions & { all: boolean; dryRun: boolean; unusedForMs: number },
): Promise<void> {
  const { all, dryRun, unusedForMs } = options;
  const removed = await storeOf(options).prune(all ? { all, dryRun } : { unusedForMs, dryRun });
  await printResult(options.output, removed, () => {
    const rows = removed.removed.map((item) => [item.kind, item.name, formatBytes(item.sizeBytes)]);
    const table = rows.length === 0 ? '' : renderTable(['kind', 'name', 'size'], rows);
    const stays = removed.inUse.map((name) => `stays, it is in use: ${name}\n`).join('');
    return `${table}${stays}${dryRun ? 'would free' : 'freed'} ${formatBytes(removed.freedBytes)}\n`;
  });
}

export function storeOf(options: CommonOptions): ModelStore {
  return new ModelStore(options.cache ?? defaultCacheDirectory(process.env));
}
