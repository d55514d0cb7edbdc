import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { EngineInput } from './engine.ts';
import { gpuVendorsIn, llamacppBackend, versionIn } from './llamacpp.ts';

const install = { command: '/opt/llama-server', version: 'b11434' };
const cpuInput: EngineInput = {
  modelFile: '/models/a.gguf',
  modelSizeBytes: 98_362_432,
  alias: 'smollm2',
  contextLength: 4096,
  parallel: 1,
  threads: 2,
  gpus: [],
  kvCacheType: 'auto',
  args: [],
  env: [],
  port: 4321,
};
const place = '--model /models/a.gguf --alias smollm2 --host 127.0.0.1 --port 4321 --metrics';

describe('the plan of llama.cpp', () => {
  it.each<[string, Partial<EngineInput>, string]>([
    ['a CPU', {}, '-c 4096 --parallel 1 --fit off --device none --threads 2 --cache-ram 0'],
    [
      'an NVIDIA GPU',
      { gpus: [{ vendor: 'NVIDIA', id: 'GPU-1' }] },
      '-c 4096 --parallel 1 --fit off -ngl 999 --threads 2 --cache-ram 0',
    ],
    [
      'an AMD GPU',
      { gpus: [{ vendor: 'AMD', id: '0' }] },
      '-c 4096 --parallel 1 --fit off -ngl 999 --threads 2 --cache-ram 0',
    ],
    ['parallel sequences', { parallel: 4 }, '-c 16384 --parallel 4 --fit off --device none --threads 2 --cache-ram 0'],
    [
      'a quantised key-value cache',
      { kvCacheType: 'q8_0' },
      '-c 4096 --parallel 1 --fit off --device none --threads 2 --cache-ram 0 --cache-type-k q8_0 --cache-type-v q8_0',
    ],
    [
      'a prompt cache in host memory',
      { hostCacheMiB: 2048 },
      '-c 4096 --parallel 1 --fit off --device none --threads 2 --cache-ram 2048',
    ],
    [
      'arguments of the user, which come last',
      { args: ['--threads', '7'] },
      '-c 4096 --parallel 1 --fit off --device none --threads 2 --cache-ram 0 --threads 7',
    ],
  ])('for %s', (_, difference, expected) => {
    const plan = llamacppBackend({}).plan({ ...cpuInput, ...difference }, install);

    expect(plan.recordedArgs.join(' ')).toBe(expected);
    expect(plan.args.join(' ')).toBe(`${place} ${expected}`);
    expect(plan).toMatchObject({ command: '/opt/llama-server', port: 4321, startupTimeoutMs: 121_000 });
  });

  it.each([
    ['NVIDIA', ['GPU-1', 'GPU-2'], { CUDA_VISIBLE_DEVICES: 'GPU-1,GPU-2' }],
    ['AMD', ['0', '3'], { HIP_VISIBLE_DEVICES: '0,3' }],
  ] as const)('shows the engine only the cards it may use: %s', (vendor, ids, expected) => {
    const plan = llamacppBackend({}).plan({ ...cpuInput, gpus: ids.map((id) => ({ vendor, id })) }, install);

    expect(plan.env).toMatchObject(expected);
  });

  it('keeps every argument of the user one word, whatever is in it', () => {
    const args = ['--chat-template', 'a b$(touch /x);\'"`|&'];

    const plan = llamacppBackend({}).plan({ ...cpuInput, args }, install);

    expect(plan.args.slice(-2)).toEqual(args);
  });

  it('lets the manifest’s environment win', () => {
    const plan = llamacppBackend({}).plan({ ...cpuInput, env: [{ name: 'LLAMA_ARG_UI', value: 'true' }] }, install);

    expect(plan.env['LLAMA_ARG_UI']).toBe('true');
  });

  it('refuses what llama.cpp cannot do', () => {
    const backend = llamacppBackend({});
    const mixed = {
      gpus: [
        { vendor: 'NVIDIA' as const, id: 'GPU-1' },
        { vendor: 'AMD' as const, id: '0' },
      ],
    };
    const nvidia = { gpus: [{ vendor: 'NVIDIA' as const, id: 'GPU-1' }] };

    expect(() => backend.plan({ ...cpuInput, kvCacheType: 'fp8' }, install)).toThrow('no key-value cache of type fp8');
    expect(() => backend.plan({ ...cpuInput, ...mixed }, install)).toThrow('two vendors');
    expect(() => backend.plan({ ...cpuInput, ...nvidia }, { ...install, gpuVendors: [] })).toThrow(
      'built without support for NVIDIA GPUs',
    );
  });
});

describe('what llama-server says about itself', () => {
  it.each([
    ['version: 6123 (79c1160b)\nbuilt with cc for x86_64-linux-gnu', 'b6123'],
    ['version: 0.6.0-dev (build 11434, commit 79c1160b)\nbuilt with GNU', 'b11434'],
    ['version: 0.6.0-dev (build 0, commit unknown)', '0.6.0-dev'],
    ['ggml_cuda_init: found 1 CUDA devices\nversion: 7000 (aa)\n', 'b7000'],
    ['something else', 'unknown'],
  ])('reads the build in %j', (output, expected) => {
    expect(versionIn(output)).toBe(expected);
  });

  it.each([
    ['Available devices:\n  (none)\n', []],
    ['Available devices:\n  CUDA0: NVIDIA H100 80GB HBM3 (81089 MiB, 80560 MiB free)\n', ['NVIDIA']],
    ['Available devices:\n  ROCm0: Radeon RX 7900 XTX (24560 MiB, 24500 MiB free)\n', ['AMD']],
    [
      'Available devices:\n  Vulkan0: AMD Radeon RX 7900 (RADV) (24560 MiB)\n  Vulkan1: NVIDIA T4 (15 MiB)\n',
      ['NVIDIA', 'AMD'],
    ],
    ['error: invalid argument: --list-devices', undefined],
  ])('reads the GPUs it can use in %j', (output, expected) => {
    expect(gpuVendorsIn(output)).toEqual(expected);
  });
});

describe('finding llama-server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flexinfer-llamacpp-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  function program(name: string, script: string): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it('looks on PATH and asks for version and devices', async () => {
    program(
      'llama-server',
      'case "$1" in --version) echo "version: 7 (a)" >&2;; *) printf "Available devices:\\n";; esac',
    );

    const found = await llamacppBackend({ PATH: `/nonexistent:${folder}:/bin` }).locate();

    expect(found).toEqual({ command: join(folder, 'llama-server'), version: 'b7', gpuVendors: [] });
  });

  it('prefers the one that the variable names, and its environment is clean', async () => {
    const named = program('mine', 'echo "version: 0.1-$LLAMA_ARG_THREADS- (build 0, commit x)"');

    const found = await llamacppBackend({
      FLEXINFER_LLAMA_SERVER: named,
      LLAMA_ARG_THREADS: '9',
      PATH: '/bin',
    }).locate();

    expect(found).toEqual({ command: named, version: '0.1--' });
  });

  it('finds nothing where there is nothing', async () => {
    expect(await llamacppBackend({ PATH: '/nonexistent', FLEXINFER_LLAMA_SERVER: '' }).locate()).toBeUndefined();
  });

  it('does not overlook a variable that names no program', async () => {
    const plain = join(folder, 'plain');
    writeFileSync(plain, '');

    for (const named of [plain, folder, join(folder, 'absent')]) {
      const failure = llamacppBackend({ FLEXINFER_LLAMA_SERVER: named, PATH: folder }).locate();
      await expect(failure).rejects.toMatchObject({ code: 'NO_ENGINE', message: expect.stringContaining(named) });
    }
  });

  it('says so when the program does not work', async () => {
    const broken = program('broken', 'exit 3');

    const failure = llamacppBackend({ FLEXINFER_LLAMA_SERVER: broken }).locate();

    await expect(failure).rejects.toMatchObject({ code: 'NO_ENGINE' });
  });
});
