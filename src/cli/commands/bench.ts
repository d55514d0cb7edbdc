import { speedOf } from '../../benchmark/record-speed.ts';
import { bench as measure } from '../../local/bench.ts';
import { formatRate } from '../format.ts';
import { listenForInterruption } from '../interruption.ts';
import { LocalView, speedText } from '../local-view.ts';
import type { CommonOptions } from '../options.ts';
import { printResult } from '../output.ts';
import { ProgressView } from '../progress.ts';
import { renderTable } from '../table.ts';

export async function bench(file: string, options: CommonOptions): Promise<void> {
  const shutdown = listenForInterruption();
  // Progress on stderr: stdout is for the records.
  const view = new LocalView(new ProgressView(process.stderr));
  try {
    const records = await measure({
      file,
      ...(options.cache === undefined ? {} : { cacheDirectory: options.cache }),
      signal: shutdown.signal,
      onEvent: (event) => {
        view.show(event);
      },
    });
    view.end();
    const [only] = records;
    await printResult(options.output, records.length === 1 ? only : records, () =>
      renderTable(
        ['name', 'backend', 'device class', 'speed', 'at full context', 'prefill tokens/s', 'first token', 'flags'],
        records.map((record) => [
          record.model.name,
          record.subject.backend,
          record.deviceClass,
          speedText(speedOf(record)),
          record.points[1] === undefined ? undefined : `${formatRate(record.points[1].median)} tokens/s`,
          formatRate(record.points[0]?.prefillTokensPerSecond),
          firstToken(record.points[0]?.timeToFirstTokenSeconds),
          record.flags.length === 0 ? undefined : record.flags.join(', '),
        ]),
      ),
    );
  } finally {
    view.end();
    shutdown.dispose();
  }
}

function firstToken(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : `${Math.round(seconds * 1000)} ms`;
}
