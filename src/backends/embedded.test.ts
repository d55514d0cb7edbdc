import { describe, expect, it } from 'vitest';
import { embeddedBackend } from './embedded.ts';
import type { EngineInput } from './engine.ts';

const install = { command: '/bin/node', version: '3.22.1', prefixArgs: ['/server.ts', '--engine', '/engine'] };
const input: EngineInput = {
  modelFile: '/models/a.gguf',
  modelSizeBytes: 0,
  alias: 'smollm2',
  contextLength: 4096,
  parallel: 2,
  threads: 3,
  gpus: [],
  kvCacheType: 'auto',
  args: [],
  env: [{ name: 'A', value: 'b' }],
  port: 4321,
};

describe('the plan of the embedded engine', () => {
  it('names everything the server needs, once', () => {
    const plan = embeddedBackend({}).plan(input, install);

    expect(plan.args.join(' ')).toBe(
      '/server.ts --engine /engine --model /models/a.gguf --alias smollm2 --port 4321 --context-length 4096 --parallel 2 --threads 3',
    );
    expect(plan).toMatchObject({ command: '/bin/node', env: { A: 'b' }, startupTimeoutMs: 120_000 });
    expect(plan.recordedArgs.join(' ')).toBe('--context-length 4096 --parallel 2 --threads 3');
  });

  it('knows the types of the key-value cache by the library’s names', () => {
    const plan = embeddedBackend({}).plan({ ...input, kvCacheType: 'q8_0' }, install);

    expect(plan.recordedArgs.slice(-2)).toEqual(['--kv-cache-type', 'Q8_0']);
  });

  it.each<[string, Partial<EngineInput>]>([
    ['a GPU', { gpus: [{ vendor: 'NVIDIA', id: 'GPU-1' }] }],
    ['arguments, which would be llama-server’s', { args: ['--mlock'] }],
    ['an unknown cache type', { kvCacheType: 'fp8' }],
  ])('refuses %s and says what to do', (_, difference) => {
    expect(() => embeddedBackend({}).plan({ ...input, ...difference }, install)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', todo: expect.any(String) }),
    );
  });
});

describe('finding the embedded engine', () => {
  it('finds nothing in an empty cache', async () => {
    const found = await embeddedBackend({ FLEXINFER_CACHE: '/nonexistent' }).locate();

    expect(found).toBeUndefined();
  });
});
