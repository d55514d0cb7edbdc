import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '../../../api/errors.ts';
import { startServer } from './engine-server.ts';
import { ModelHost } from './model-host.ts';
import { loadPackages } from './node-llama.ts';

// The process behind the embedded engine. It speaks only when something is wrong, and then on stderr.

const { values } = parseArgs({
  options: {
    engine: { type: 'string' },
    model: { type: 'string' },
    alias: { type: 'string' },
    port: { type: 'string' },
    threads: { type: 'string' },
    'context-length': { type: 'string' },
    parallel: { type: 'string' },
    'kv-cache-type': { type: 'string' },
  },
});

function required(value: string | undefined, name: string): string {
  if (value === undefined) {
    throw new Error(`--${name} is missing`);
  }
  return value;
}

function positive(value: string | undefined, name: string): number {
  const number = Number(required(value, name));
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new Error(`--${name} must be a whole number above 0`);
  }
  return number;
}

async function main(): Promise<void> {
  const server = await startServer(positive(values.port, 'port'), required(values.alias, 'alias'));
  let host: ModelHost | undefined;
  const stop = async (): Promise<void> => {
    await server.stop();
    await host?.dispose();
    process.exit(0);
  };
  // `on`, not `once`: a library in there raises the signal again when it finds no listener left.
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
  const kvCacheType = values['kv-cache-type'];
  host = await ModelHost.load(await loadPackages(required(values.engine, 'engine')), {
    modelFile: required(values.model, 'model'),
    contextLength: positive(values['context-length'], 'context-length'),
    parallel: positive(values.parallel, 'parallel'),
    threads: positive(values.threads, 'threads'),
    ...(kvCacheType === undefined ? {} : { kvCacheType }),
    onLog: (message) => process.stderr.write(`${message.trimEnd()}\n`),
  });
  server.ready(host);
}

try {
  await main();
} catch (error) {
  // llama.cpp's own words, which name the cause, arrive a little later than the exception, which does not.
  await sleep(100);
  process.stderr.write(`error: ${messageOf(error)}\n`);
  process.exit(1);
}
