import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { chooseBackend } from './find-backend.ts';

const folder = mkdtempSync(join(tmpdir(), 'flexinfer-find-'));
afterAll(() => rmSync(folder, { recursive: true }));
const options = { signal: new AbortController().signal, onLine: () => {} };

const llamaServer = join(folder, 'llama-server');
writeFileSync(llamaServer, '#!/bin/sh\necho "version: 1 (a)"\n');
chmodSync(llamaServer, 0o755);

describe('chooseBackend', () => {
  it.each([undefined, 'llamacpp'])(
    'takes llama-server when it is installed and the manifest says %s',
    async (requested) => {
      const chosen = await chooseBackend(requested, { PATH: `${folder}:/bin` }, options);

      expect(chosen.backend.name).toBe('llamacpp');
      expect(chosen.install.command).toBe(llamaServer);
    },
  );

  it('passes a broken llama-server over with a line, unless it was named', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'llama-server'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const lines: string[] = [];
    const told = { ...options, onLine: (line: string) => lines.push(line) };

    const [onPath, named] = await Promise.allSettled([
      chooseBackend(undefined, { PATH: broken, FLEXINFER_CACHE: folder }, told),
      chooseBackend(undefined, { FLEXINFER_LLAMA_SERVER: join(broken, 'llama-server') }, options),
    ]);

    // Here the embedded engine cannot be had either, which shows that it was tried.
    expect(onPath).toMatchObject({ reason: { message: expect.stringContaining('embedded engine') } });
    expect(named).toMatchObject({ reason: { message: expect.stringContaining('--version') } });
    expect(lines).toEqual([expect.stringContaining('the embedded engine is used instead')]);
  });

  it('does not take another engine than the one asked for', async () => {
    const failure = chooseBackend('llamacpp', { PATH: '/nonexistent' }, options);

    await expect(failure).rejects.toMatchObject({
      code: 'NO_ENGINE',
      todo: expect.stringContaining('FLEXINFER_LLAMA_SERVER'),
    });
  });

  it.each(['ollama', 'vllm', 'custom'])('refuses %s, which is not run on one machine yet', async (requested) => {
    await expect(chooseBackend(requested, {}, options)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('says what is missing when the embedded engine can neither be found nor installed', async () => {
    const failure = chooseBackend(undefined, { PATH: '/nonexistent', FLEXINFER_CACHE: folder }, options);

    await expect(failure).rejects.toMatchObject({ code: 'NO_ENGINE', todo: expect.stringContaining('npm') });
  });
});
