import { stat } from 'node:fs/promises';
import type { EngineInput, RunningEngine } from '../../src/backends/engine.ts';
import type { ChosenBackend } from '../../src/backends/find-backend.ts';
import { freePort } from '../../src/backends/free-port.ts';
import { startEngine } from '../../src/backends/start-engine.ts';

/** Starts a real engine on one thread, with what the test wants to be different. */
export async function startReal(
  { backend, install }: ChosenBackend,
  modelFile: string,
  difference: Partial<EngineInput> = {},
): Promise<RunningEngine> {
  const input: EngineInput = {
    modelFile,
    modelSizeBytes: (await stat(modelFile)).size,
    alias: 'smollm2',
    contextLength: 512,
    parallel: 1,
    threads: 1,
    gpus: [],
    kvCacheType: 'auto',
    args: [],
    env: [],
    port: await freePort(),
    ...difference,
  };
  return startEngine(backend, backend.plan(input, install), { signal: AbortSignal.timeout(120_000) });
}

/** An answer with its status and its body as JSON, or as text when it is none. */
export interface Answer {
  readonly status: number;
  // Tests look into bodies of many shapes, and a wrong look fails the test.
  readonly body: unknown;
}

export async function post(engine: RunningEngine, path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${engine.port}${path}`, {
    method: 'POST',
    // llama-server closes idle connections, and a request sent at that moment is lost.
    headers: { connection: 'close' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text,
  };
}
