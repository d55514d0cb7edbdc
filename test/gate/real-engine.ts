import { stat } from 'node:fs/promises';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { smallModel } from '../../scripts/engines/small-model.ts';
import type { RunningEngine } from '../../src/backends/engine.ts';
import { freePort } from '../../src/backends/free-port.ts';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { startEngine } from '../../src/backends/start-engine.ts';
import { obtain } from '../backends/obtain.ts';

/** What the real engine calls the small model in tests of the gate: not what clients call it. */
export const ALIAS = 'the-engines-own-name';

const command = await obtain('llama-server', llamaServer);
const modelFile = await obtain('small model', smallModel);

/** Whether this machine has a real llama-server and the small model. */
export const haveEngine = command !== undefined && modelFile !== undefined;

/** A real llama-server with the small model in memory and two slots. */
export async function startRealEngine(): Promise<RunningEngine> {
  const backend = llamacppBackend({ ...process.env, FLEXINFER_LLAMA_SERVER: command });
  const install = await backend.locate();
  if (install === undefined || modelFile === undefined) throw new Error('there is no llama-server here');
  const plan = backend.plan(
    {
      modelFile,
      modelSizeBytes: (await stat(modelFile)).size,
      alias: ALIAS,
      contextLength: 1024,
      parallel: 2,
      threads: 2,
      gpus: [],
      kvCacheType: 'auto',
      args: [],
      env: [],
      port: await freePort(),
    },
    install,
  );
  return startEngine(backend, plan, { signal: new AbortController().signal });
}
