import { stringify } from 'yaml';
import type { LocalEvent } from '../../local/events.ts';
import { up as serve } from '../../local/up.ts';
import { listenForInterruption } from '../interruption.ts';
import { LocalView } from '../local-view.ts';
import type { CommonOptions, OutputFormat } from '../options.ts';
import { ProgressView } from '../progress.ts';

const INTERRUPTED = 130;

export async function up(
  file: string,
  options: CommonOptions & { port: number; host: string; remeasure: boolean },
): Promise<void> {
  const shutdown = listenForInterruption();
  const view = new LocalView(new ProgressView(process.stdout));
  const print = eventPrinter(options.output);
  try {
    await serve({
      file,
      port: options.port,
      host: options.host,
      remeasure: options.remeasure,
      ...(options.cache === undefined ? {} : { cacheDirectory: options.cache }),
      ...(process.env['FLEXINFER_API_KEY'] ? { apiKey: process.env['FLEXINFER_API_KEY'] } : {}),
      signal: shutdown.signal,
      onEvent: (event) => {
        if (print === undefined) view.show(event);
        else print(event);
      },
    });
    // It served until it was told to stop: no failure, yet an interruption to a script.
    process.exitCode = INTERRUPTED;
  } finally {
    view.end();
    shutdown.dispose();
  }
}

/** JSON: one object a line. YAML: one document an event. Table: nothing, a view shows the events. */
function eventPrinter(format: OutputFormat): ((event: LocalEvent) => void) | undefined {
  if (format === 'table') return undefined;
  if (format === 'json') return (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
  return (event) => process.stdout.write(`---\n${stringify(event)}`);
}
