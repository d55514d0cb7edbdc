import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
