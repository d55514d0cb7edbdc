import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { SMALL_MODEL, smallModel } from '../../scripts/engines/small-model.ts';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { freePort } from '../../src/backends/free-port.ts';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { startEngine } from '../../src/backends/start-engine.ts';

export interface ServerOptions {
  readonly signal: AbortSignal;
  readonly contextLength?: number;
  readonly parallel?: number;
}

/** A real llama-server with the small model on one thread: the driver of a measurement needs a core of its own. */
export async function startServer(options: ServerOptions): Promise<RunningEngine> {
  const { signal, contextLength = 512, parallel = 1 } = options;
  const backend = llamacppBackend({ ...process.env, FLEXINFER_LLAMA_SERVER: await llamaServer() });
  const install = await backend.locate();
  if (install === undefined) throw new Error('llama-server was just found, and now is not');
  const plan = backend.plan(
    {
      modelFile: await smallModel(),
      modelSizeBytes: SMALL_MODEL.sizeBytes,
      alias: 'm',
      contextLength,
      parallel,
      threads: 1,
      gpus: [],
      kvCacheType: 'auto',
      args: [],
      env: [],
      port: await freePort(),
    },
    install,
  );
  return startEngine(backend, plan, { signal });
}
