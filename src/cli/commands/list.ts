import { speedOf } from '../../benchmark/record-speed.ts';
import { RecordStore } from '../../local/record-store.ts';
import { RunningServers } from '../../local/running.ts';
import { stateDirectory } from '../../local/state-directory.ts';
import { formatAge } from '../format.ts';
import { speedText } from '../local-view.ts';
import type { CommonOptions } from '../options.ts';
import { printResult } from '../output.ts';
import { renderTable } from '../table.ts';

export async function list(options: CommonOptions): Promise<void> {
  const state = stateDirectory();
  const [records, servers] = await Promise.all([new RecordStore(state).list(), new RunningServers(state).list()]);
  const serving = new Map(
    servers.flatMap((server) =>
      server.models.map((model) => [`${model.modelHash} ${model.deviceClass}`, server.endpoint]),
    ),
  );
  const measured = records.map((record) => ({
    name: record.model.name,
    source: record.model.source,
    backend: record.subject.backend,
    deviceClass: record.deviceClass,
    modelHash: record.modelHash,
    measuredAt: record.finishedAt,
    endpoint: serving.get(`${record.modelHash} ${record.deviceClass}`),
    ...(record.outcome === 'measured' ? speedOf(record) : { failure: `${record.reason}: ${record.message}` }),
  }));
  await printResult(options.output, { measured, servers }, () => {
    if (measured.length === 0 && servers.length === 0) return 'nothing measured yet: run flexinfer up FILE\n';
    return renderTable(
      ['name', 'backend', 'device class', 'speed', 'measured', 'serving at'],
      measured.map((row) => [
        row.name,
        row.backend,
        row.deviceClass,
        'tokensPerSecond' in row ? speedText(row) : row.failure,
        `${formatAge(Date.now() - Date.parse(row.measuredAt))} ago`,
        row.endpoint,
      ]),
    );
  });
}
