import { request } from 'node:http';

/** What a run of streams gave. */
export interface Run {
  readonly tokens: number;
  readonly seconds: number;
  /** From the engine's write to the client's read, in microseconds, sorted. */
  readonly delaysUs: Float64Array;
}

export interface Load {
  readonly streams: number;
  readonly tokens: number;
  /** Between two tokens of a stream; 0: as fast as it goes. */
  readonly everyMs: number;
}

/** Opens all streams at once and reads them to the end. */
export async function run(port: number, load: Load): Promise<Run> {
  const started = performance.now();
  const delays = await Promise.all(Array.from({ length: load.streams }, () => readStream(port, load)));
  const seconds = (performance.now() - started) / 1000;
  const delaysUs = Float64Array.from(delays.flat()).sort();
  return { tokens: delaysUs.length, seconds, delaysUs };
}

function readStream(port: number, { tokens, everyMs }: Load): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const delays: number[] = [];
    const asked = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', agent: false },
      (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
        answer.setEncoding('latin1');
        let rest = '';
        answer.on('data', (text: string) => {
          const now = process.hrtime.bigint();
          const events = (rest + text).split('\n\n');
          rest = events.pop() ?? '';
          for (const event of events) {
            const sent = /"sent":"(\d+)"/.exec(event)?.[1];
            if (sent !== undefined) delays.push(Number(now - BigInt(sent)) / 1000);
          }
        });
        answer.on('end', () => {
          if (delays.length === tokens) resolve(delays);
          else reject(new Error(`${delays.length} of ${tokens} tokens arrived`));
        });
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.setHeader('content-type', 'application/json');
    asked.end(JSON.stringify({ stream: true, tokens, everyMs }));
  });
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
