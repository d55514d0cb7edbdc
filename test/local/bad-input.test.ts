import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llamaServer } from '../../scripts/engines/llama-server.ts';
import { smallModel } from '../../scripts/engines/small-model.ts';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { ggufBytes, writeGguf } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { type Environment, runCommand } from './command-line.ts';

/**
 * What people get wrong. Every case: one line on stderr with the code, what is wrong and what to do; the exit code of
 * the contract; nothing on stdout that looks like success; nothing half-written and no engine left running.
 */

let folder: string;
let model: string;
let env: Environment;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-bad-input-'));
  model = await smallModel();
  env = {
    FLEXINFER_STATE: join(folder, 'state'),
    MODEL_CACHE_PATH: join(folder, 'models'),
    FLEXINFER_LLAMA_SERVER: await llamaServer(),
    HF_ENDPOINT: 'http://127.0.0.1:9',
  };
});
afterAll(async () => {
  execFileSync('chmod', ['-R', 'u+w', folder]);
  await rm(folder, { recursive: true, force: true });
});

const manifest = (source: string, extra = '', name = 'm') => `apiVersion: flexinfer.ai/v1alpha1
kind: ModelDeployment
metadata: { name: ${name} }
spec:
  model: { source: "${source}" }
  contextLength: 512
${extra}`;

const up = async (content: string, more: Environment = {}, args: readonly string[] = ['--port', '0']) => {
  const file = join(folder, 'm.yaml');
  await writeFile(file, content);
  return runCommand(['up', file, ...args], { ...env, ...more });
};

const expectOneLine = (result: Awaited<ReturnType<typeof up>>, exitCode: number, pattern: RegExp) => {
  // Progress may come before it, on stderr where stdout is for data.
  const lines = result.stderr.split('\n').filter((line) => line.startsWith('error'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(pattern);
  expect(result.code).toBe(exitCode);
};

describe('a manifest that cannot be used', () => {
  it.each<[string, () => string, RegExp]>([
    [
      'an unknown field',
      () => manifest('file:///m.gguf', '  replica: 2\n'),
      /^error\[INVALID_FILE\]: .*m\.yaml:7: spec\.replica: unknown field; did you mean replicas\?$/,
    ],
    [
      'a wrong type',
      () => manifest('file:///m.gguf', '  parallel: many\n'),
      /^error\[INVALID_FILE\]: .*:7: spec\.parallel: must be a number, not "many"$/,
    ],
    [
      'an unknown backend',
      () => manifest('file:///m.gguf', '  backend: lamacpp\n'),
      /spec\.backend: must be one of .*; did you mean llamacpp\?$/,
    ],
    [
      'two models with one name',
      () => `${manifest('file:///m.gguf')}---\n${manifest('file:///m.gguf')}`,
      /^error\[INVALID_FILE\]: .*:10: a second model is named m, after line 3: give every model/,
    ],
    ['a malformed reference', () => manifest('hf://nonsense'), /^error\[INVALID_REFERENCE\]: /],
  ])('is refused for %s with exit code 2', async (_, content, pattern) => {
    expectOneLine(await up(content()), 2, pattern);
  });

  it('is refused when it is a directory or missing', async () => {
    expectOneLine(await runCommand(['up', folder], env), 2, /^error\[INVALID_FILE\]: .* is a directory: /);
    expectOneLine(
      await runCommand(['up', join(folder, 'none.yaml')], env),
      2,
      /^error\[INVALID_FILE\]: .*none\.yaml does not exist: /,
    );
  });

  it('is not even read when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;

    const result = await up(manifest(`file://${model}`), {}, ['--port', String(port)]);

    expectOneLine(
      result,
      1,
      new RegExp(`^error\\[PORT_IN_USE\\]: port ${port} of 127\\.0\\.0\\.1 is taken by another program: .*--port$`),
    );
    other.close();
  });
});

describe('a model that cannot be used', () => {
  it('is refused when the path is a directory', async () => {
    expectOneLine(
      await up(manifest(`file://${folder}`)),
      1,
      /^error\[INVALID_MODEL_FILE\]: .* is a folder: name the \.gguf file/,
    );
  });

  it('is refused when the file is missing', async () => {
    expectOneLine(await up(manifest('file:///none/model.gguf')), 1, /^error\[MODEL_NOT_FOUND\]: .*\/none\/model\.gguf/);
  });

  it('is refused when the file is truncated', async () => {
    const cut = join(folder, 'cut.gguf');
    execFileSync('cp', [model, cut]);
    await truncate(cut, 50_000_000);

    expectOneLine(await up(manifest(`file://${cut}`)), 1, /^error\[INVALID_MODEL_FILE\]: .*cut\.gguf/);
  });

  it('is refused when the file is corrupt', async () => {
    const corrupt = join(folder, 'corrupt.gguf');
    await writeFile(corrupt, 'GGUF but not really');

    expectOneLine(await up(manifest(`file://${corrupt}`)), 1, /^error\[INVALID_MODEL_FILE\]: .*corrupt\.gguf/);
  });

  it('is refused when its SHA-256 is another', async () => {
    const content = manifest(`file://${model}", sha256: "${'0'.repeat(64)}`);

    expectOneLine(await up(content), 1, /^error\[DIGEST_MISMATCH\]: /);
  });

  it('is refused with exit code 3 when it is too large for the memory', async () => {
    const huge = join(folder, 'huge.gguf');
    await writeGguf(huge, hollowModel(2 ** 41));

    expectOneLine(
      await up(manifest(`file://${huge}`)),
      3,
      /^error\[NO_FIT\]: m fits no device of this machine: cpu needs 2048\.\d GiB, has [\d.]+ GiB: choose a smaller model/,
    );
  });
});

describe('a demand that this machine cannot meet', () => {
  it('is named when it is for a GPU that is not there', async () => {
    const result = await up(
      manifest(`file://${model}`, '  hardware: { accelerator: GPU, vendors: [AMD], architectures: [gfx906] }\n'),
    );

    expectOneLine(result, 3, /^error\[NO_FIT\]: m fits no device of this machine: .*: compare spec\.hardware/);
  });

  it('is named when it is for more speed than was measured, after it was measured', async () => {
    const floor = '  placement: { minTokensPerSecond: 999999 }\n  benchmark: { warmupIterations: 0, iterations: 3 }\n';

    expectOneLine(
      await up(manifest(`file://${model}`, floor)),
      3,
      /^error\[NO_FIT\]: m asks for at least 999999 tokens\/s and on cpu at its lowest it gives [\d.]+ tokens\/s: lower/,
    );
  });
});

describe('a hub that does not give the model', () => {
  const source = 'hf://org/repo@main/model.gguf';

  it('is named when it cannot be reached', async () => {
    expectOneLine(await up(manifest(source)), 1, /^error\[UNREACHABLE\]: .*127\.0\.0\.1:9.*HF_ENDPOINT/);
  });

  it('is named when it refuses the token, and the token is not shown', async () => {
    const hub = createServer((_, response) => response.writeHead(401).end()).listen(0, '127.0.0.1');
    await new Promise((resolve) => hub.once('listening', resolve));
    const { port } = hub.address() as AddressInfo;

    const result = await up(manifest(source), { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_TOKEN: 'hf_verysecret' });

    expectOneLine(result, 1, /^error\[AUTH_REQUIRED\]: .*token/i);
    expect(result.stderr).not.toContain('verysecret');
    hub.close();
  });
});

describe('an engine that is not there', () => {
  it('is named when the manifest asks for llamacpp', async () => {
    const result = await up(manifest(`file://${model}`, '  backend: llamacpp\n'), {
      FLEXINFER_LLAMA_SERVER: undefined,
    });

    expectOneLine(result, 3, /^error\[NO_ENGINE\]: .*llama-server.*: install llama\.cpp/);
  });

  it('is named when the manifest asks for one that cannot run here yet', async () => {
    expectOneLine(
      await up(manifest(`file://${model}`, '  backend: vllm\n')),
      3,
      /^error\[(UNSUPPORTED|NO_ENGINE)\]: .*vllm/,
    );
  });

  it('says in one line why it refused to start, and where its log is', async () => {
    const result = await up(manifest(`file://${model}`, '  args: [--no-such-flag]\n'));

    expectOneLine(result, 1, /^error\[ENGINE_FAILED\]: m: llamacpp ended .*no-such-flag.*state\/logs\/m\.log$/);
  });
});

describe('a disk without room', () => {
  it('is named with what is needed and what is free, and nothing is left on it', async () => {
    const small = join(folder, 'small-disk');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small]);
    try {
      const source = 'hf://org/repo@main/big.gguf';
      const files = { 'big.gguf': ggufBytes(hollowModel(64 * 2 ** 20)) };
      await using hub = await FakeHub.start({ repositories: { 'org/repo': { files } } });

      const result = await runCommand(['models', 'pull', source, '--cache', join(small, 'models')], {
        ...env,
        HF_ENDPOINT: hub.endpoint,
      });

      expectOneLine(result, 1, /^error\[NO_SPACE\]: .*MiB.*MiB/);
      expect((await readdir(join(small, 'models', 'v1', 'partial'))).length).toBe(0);
    } finally {
      execFileSync('umount', [small]);
    }
  });
});

it('leaves no engine running after any of these', () => {
  const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });

  expect(processes.split('\n').filter((line) => line.includes(folder) && line.includes('llama'))).toEqual([]);
});
