import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifestFile } from './manifest-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flexinfer-manifest-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const good = (name: string, extra = '') => `apiVersion: flexinfer.ai/v1alpha1
kind: ModelDeployment
metadata: { name: ${name} }
spec:
  model: { source: "hf://org/repo@main/file.gguf" }
${extra}`;

const read = async (content: string | Uint8Array) => {
  const file = join(folder, 'm.yaml');
  await writeFile(file, content);
  return readManifestFile(file);
};

const failure = async (content: string | Uint8Array): Promise<string> => {
  try {
    await read(content);
  } catch (error) {
    return error instanceof Error ? error.message.replaceAll(`${folder}/`, '') : '';
  }
  throw new Error('was accepted');
};

describe('readManifestFile', () => {
  it('reads every document of a file and skips empty ones', async () => {
    const models = await read(`---\n${good('one')}---\n---\n# nothing\n---\n${good('two')}`);

    expect(models.map((model) => model.metadata.name)).toEqual(['one', 'two']);
  });

  it('names the line of an unknown field', async () => {
    expect(await failure(good('one', '  replica: 2\n'))).toBe(
      'm.yaml:6: spec.replica: unknown field; did you mean replicas?',
    );
  });

  it('names the line of a wrong value in a later document', async () => {
    expect(await failure(`${good('one')}---\n${good('two', '  hardware:\n    gpus: many\n')}`)).toBe(
      'm.yaml:13: spec.hardware.gpus: must be a number, not "many"',
    );
  });

  it('refuses two models with one name and says where both are', async () => {
    expect(await failure(`${good('one')}---\n${good('one')}`)).toBe(
      'm.yaml:9: a second model is named one, after line 3',
    );
  });

  it('shows the first problems and counts the rest', async () => {
    const text = await failure(good('one', '  a: 1\n  b: 2\n  c: 3\n  d: 4\n'));

    expect(text).toMatch(/^m.yaml:6: spec.a: .*; m.yaml:7: spec.b: .*; m.yaml:8: spec.c: .*; and 1 more$/);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['broken YAML', 'a: [1, 2\nb: 3', /^m.yaml:\d+: not valid YAML: /],
    ['an empty file', '', /^m.yaml holds no object$/],
    ['a file of comments', '# soon\n---\n', /^m.yaml holds no object$/],
    ['binary data', new Uint8Array([0x47, 0x47, 0x55, 0x46, 0xff, 0xfe]), /^m.yaml is not UTF-8 text$/],
    ['a scalar', 'hello', /^m.yaml:1: \(the object\): must be an object, not "hello"$/],
    ['a model file', new Uint8Array(2 * 1024 * 1024), /too many for a manifest$/],
    ['a duplicate key', `${good('one')}kind: Pod\n`, /^m.yaml:6: not valid YAML: /],
    ['an alias bomb', bomb(), /^m.yaml: not valid YAML: Excessive alias count/],
  ])('refuses %s in one line', async (_, content, expected) => {
    expect(await failure(content)).toMatch(expected);
  });

  it('refuses a directory and a missing file', async () => {
    await expect(readManifestFile(folder)).rejects.toThrow(/is a directory$/);
    await expect(readManifestFile(join(folder, 'none.yaml'))).rejects.toThrow(/does not exist$/);
  });
});

function bomb(): string {
  const rows = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i += 1)
    rows.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  return rows.join('\n');
}
