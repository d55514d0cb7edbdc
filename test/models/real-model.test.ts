import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import { describe, expect, it } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { SMALL_MODEL, smallModel } from '../../scripts/engines/small-model.ts';
import { freePort } from '../../src/backends/free-port.ts';
import { openFileSource } from '../../src/models/byte-source.ts';
import { estimateFootprint } from '../../src/models/footprint.ts';
import { readGguf } from '../../src/models/gguf/read-gguf.ts';
import { randomLlama } from '../../src/models/gguf/synthetic-models.ts';
import { tensorTypeId } from '../../src/models/gguf/tensor-types.ts';
import { writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { ModelStore } from '../../src/models/model-store.ts';
import { removeSealed } from '../../src/models/store/sealed-tree.ts';
import { obtain } from '../backends/obtain.ts';
import { contentOf } from './pulling.ts';

const model = await obtain('small model', smallModel);
const server = await obtain('llama-server', llamaServer);

describe.skipIf(model === undefined)('the real model', () => {
  const path = model ?? '';

  it('has the header that @huggingface/gguf reads', async () => {
    await using source = await openFileSource(path);

    const ours = await readGguf(source);
    const theirs = await gguf(path, { allowLocalFile: true, computeParametersCount: true });

    const plain = Object.entries({ ...theirs.metadata }).filter(
      ([key, value]) => !['version', 'tensor_count', 'kv_count'].includes(key) && !Array.isArray(value),
    );
    expect(plain.length).toBeGreaterThan(20);
    for (const [key, value] of plain) expect([key, ours.metadata.get(key)]).toEqual([key, value]);
    const table = ours.tensors.map(({ name, shape, type, offset }) => ({
      name,
      shape,
      type: tensorTypeId(type),
      offset,
    }));
    expect(table).toEqual(
      theirs.tensorInfos.map(({ name, shape, dtype, offset }) => ({ name, shape, type: dtype, offset })),
    );
    expect(BigInt(ours.dataOffset)).toBe(theirs.tensorDataOffset);
    const inspected = await new ModelStore(tmpdir(), { env: {} }).inspect(`file://${path}`);
    expect(inspected.header.parameters).toBe(theirs.parameterCount);
    expect(inspected.header.quantization).toBe(SMALL_MODEL.quantization);
  });

  it('is pulled from a hub, digest and all', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flexinfer-real-'));
    const files = { [SMALL_MODEL.fileName]: await contentOf(path, SMALL_MODEL.sizeBytes) };
    await using hub = await FakeHub.start({ repositories: { 'org/smol': { files } } });
    try {
      const store = new ModelStore(join(folder, 'cache'), { env: hub.environment(folder) });

      const pulled = await store.pull('hf://org/smol', { sha256: SMALL_MODEL.sha256 });

      expect(pulled.files[0]?.sha256).toBe(SMALL_MODEL.sha256);
      expect(pulled.header.license).toBe('apache-2.0');
    } finally {
      await removeSealed(folder);
    }
  });
});

/** Starts llama-server on a model and waits until it answers; gives its largest resident set while it runs. */
async function serve<Result>(
  modelFile: string,
  context: number,
  use: (endpoint: string, pid: number) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const args = [
    '-m',
    modelFile,
    '-c',
    String(context),
    '--parallel',
    '1',
    '--threads',
    '2',
    '--port',
    String(port),
    '--host',
    '127.0.0.1',
  ];
  const child = spawn(server ?? '', [...args, '--cache-ram', '0'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    const endpoint = `http://127.0.0.1:${port}`;
    const answers = async () => {
      if (child.exitCode !== null) throw new Error(`llama-server ended with code ${child.exitCode}`);
      return (await fetch(`${endpoint}/health`).catch(() => undefined))?.status;
    };
    await expect.poll(answers, { timeout: 120_000, interval: 100 }).toBe(200);
    return await use(endpoint, child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function complete(endpoint: string, prompt: string, tokens: number): Promise<string> {
  const body = JSON.stringify({ prompt, n_predict: tokens, ignore_eos: true });
  const response = await fetch(`${endpoint}/completion`, { method: 'POST', body });
  const answer = (await response.json()) as { content: string };
  return answer.content;
}

describe.skipIf(server === undefined)('a real engine', () => {
  it('loads the random llama and prints text', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flexinfer-tiny-'));
    try {
      const path = join(folder, 'tiny.gguf');
      await writeGguf(path, randomLlama());

      const content = await serve(path, 256, (endpoint) => complete(endpoint, 'Hello', 32));

      expect(content).toMatch(/^[\x20-\x7e]{20,}$/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.skipIf(model === undefined)('takes memory within the estimate for the real model on the CPU', async () => {
    const path = model ?? '';
    const { header } = await new ModelStore(tmpdir(), { env: {} }).inspect(`file://${path}`);
    const shape = { contextLength: 4096, parallel: 1, kvCacheType: 'auto', backend: 'llamacpp', gpus: 0 };

    const measuredMiB = await serve(path, shape.contextLength, async (endpoint, pid) => {
      await complete(endpoint, 'word '.repeat(300), 16);
      const peak = /VmHWM:\s+([0-9]+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      return Number(peak) / 1024;
    });

    const { lowMiB, perGpuMiB, highMiB } = estimateFootprint(header, shape);
    console.log(`llama-server took ${measuredMiB.toFixed(0)} MiB; estimated ${perGpuMiB} (${lowMiB} to ${highMiB})`);
    expect(measuredMiB).toBeGreaterThan(lowMiB);
    expect(measuredMiB).toBeLessThan(highMiB);
  });
});
