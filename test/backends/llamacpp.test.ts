import { describe } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { smallModel } from '../../scripts/engines/small-model.ts';
import { describeBackend } from '../../src/backends/backend.conformance.ts';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { obtain } from './obtain.ts';

const command = await obtain('llama-server', llamaServer);
const modelFile = await obtain('small model', smallModel);

describe.skipIf(command === undefined || modelFile === undefined)('a real llama-server', () => {
  describeBackend('llamacpp', async () => {
    const backend = llamacppBackend({ ...process.env, FLEXINFER_LLAMA_SERVER: command });
    const install = await backend.locate();
    if (install === undefined || modelFile === undefined) {
      throw new Error(`${command} is gone`);
    }
    return { backend, install, modelFile };
  });
});
