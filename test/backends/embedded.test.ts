import { describe } from 'vitest';
import { smallModel } from '../../scripts/engines/small-model.ts';
import { describeBackend } from '../../src/backends/backend.conformance.ts';
import { chooseBackend } from '../../src/backends/find-backend.ts';
import { obtain } from './obtain.ts';

const chosen = await obtain('embedded engine', () =>
  chooseBackend('embedded', process.env, { signal: AbortSignal.timeout(600_000), onLine: console.error }),
);
const modelFile = await obtain('small model', smallModel);

describe.skipIf(chosen === undefined || modelFile === undefined)('the real embedded engine', () => {
  describeBackend('embedded', async () => {
    if (chosen === undefined || modelFile === undefined) {
      throw new Error('nothing to test');
    }
    return { ...chosen, modelFile };
  });
});
