import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { hollowModel, randomLlama } from '../gguf/synthetic-models.ts';
import { ggufBytes } from '../gguf/write-gguf.ts';
import { readModelHeader } from '../header.ts';
import { parseModelReference } from '../reference.ts';
import { FakeHub, type FakeRepository } from './fake-hub.ts';
import { HubHttp } from './http.ts';
import { hubFileSource, resolveOnHub } from './hugging-face.ts';
import { DEFAULT_RETRY } from './retry.ts';

const COMMIT = 'a'.repeat(40);
const model = ggufBytes(randomLlama());
const other = ggufBytes(hollowModel(10_000, 'other'));
const readme = Buffer.from('# A model');
const repositories: Readonly<Record<string, FakeRepository>> = {
  'org/one': {
    commit: COMMIT,
    branches: ['main', 'v1', 'refs/pr/7'],
    files: { 'm.gguf': model, 'mmproj-m.gguf': other, 'README.md': readme },
    small: ['README.md'],
  },
  'org/two': { files: { 'q4.gguf': model, 'sub/q8 0.gguf': other } },
  'org/none': { files: { 'README.md': readme } },
  'org/split': { files: { 'm-00001-of-00002.gguf': model, 'm-00002-of-00002.gguf': other } },
  'org/gated': { files: { 'm.gguf': model }, access: 'gated' },
  'org/private': { files: { 'm.gguf': model }, access: 'private' },
  'org/plain': { files: { 'm.gguf': model }, small: ['m.gguf'] },
};

let hub: FakeHub;
beforeEach(async () => {
  hub = await FakeHub.start({ repositories, token: 'hf_secret', renamed: { 'old/name': 'org/one' } });
});
afterEach(() => hub[Symbol.asyncDispose]());

const open = (token?: string) =>
  new HubHttp({
    endpoint: new URL(`${hub.endpoint}/`),
    token,
    env: {},
    policy: { ...DEFAULT_RETRY, firstDelayMs: 1, largestDelayMs: 2 },
    nowMs: Date.now,
  });

async function resolve(source: string, token?: string) {
  const reference = parseModelReference(source);
  if (reference.scheme !== 'hf') throw new Error('not a hub reference');
  await using http = open(token);
  return await resolveOnHub(http, reference, source);
}

describe('resolveOnHub', () => {
  it('learns commit, size and SHA-256 from one HEAD request that leads nowhere', async () => {
    const resolved = await resolve('hf://org/one@v1/m.gguf');

    expect(resolved).toMatchObject({
      commit: COMMIT,
      mainFile: 'm.gguf',
      files: [{ path: 'm.gguf', sizeBytes: model.length }],
    });
    expect(resolved.files[0]?.url.pathname).toBe(`/org/one/resolve/${COMMIT}/m.gguf`);
    expect(hub.requests.map(({ origin, method }) => [origin, method])).toEqual([['hub', 'HEAD']]);
  });

  it('finds the only model of a repository by itself, projectors aside', async () => {
    expect((await resolve('hf://org/one')).mainFile).toBe('m.gguf');
  });

  it('finds revisions with slashes, and files with spaces in folders', async () => {
    expect((await resolve('hf://org/one@refs/pr/7/m.gguf')).commit).toBe(COMMIT);
    expect((await resolve('hf://org/two/sub/q8 0.gguf')).files[0]?.sizeBytes).toBe(other.length);
  });

  it('takes all shards of a split model, whichever is named', async () => {
    const { files, mainFile } = await resolve('hf://org/split/m-00002-of-00002.gguf');

    expect(files.map(({ path }) => path)).toEqual(['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
    expect(mainFile).toBe('m-00001-of-00002.gguf');
    expect((await resolve('hf://org/split')).files).toHaveLength(2);
  });

  it('follows a repository to its new name', async () => {
    expect((await resolve('hf://old/name')).commit).toBe(COMMIT);
  });

  it.each([
    ['hf://org/two', 'INVALID_REFERENCE', /q4\.gguf, sub\/q8 0\.gguf/, /name one of them/],
    ['hf://org/none', 'MODEL_NOT_FOUND', /no GGUF file/, /choose/],
    ['hf://org/two/q5.gguf', 'MODEL_NOT_FOUND', /no such file/, /q4\.gguf/],
    ['hf://org/one@v2/m.gguf', 'MODEL_NOT_FOUND', /no such revision/, /after @/],
    ['hf://org/gone/m.gguf', 'AUTH_REQUIRED', /does not exist or is private/, /HF_TOKEN/],
    ['hf://org/private/m.gguf', 'AUTH_REQUIRED', /does not exist or is private/, /HF_TOKEN/],
    ['hf://org/gated/m.gguf', 'AUTH_REQUIRED', /gated/, /accept the terms/],
    ['hf://org/plain/m.gguf', 'UNSUPPORTED', /no SHA-256/, /large-file storage/],
  ])('says what is wrong with %s', async (source, code, message, todo) => {
    const failure = await failureOf(resolve(source));

    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.todo).toMatch(todo);
  });

  it('tells a refused token from a missing one', async () => {
    expect(await failureOf(resolve('hf://org/gated/m.gguf', 'hf_wrong'))).toMatchObject({
      code: 'AUTH_REQUIRED',
      todo: 'replace the token in HF_TOKEN',
    });
    expect((await failureOf(resolve('hf://org/gone/m.gguf', 'hf_secret'))).code).toBe('MODEL_NOT_FOUND');
    expect((await resolve('hf://org/gated/m.gguf', 'hf_secret')).mainFile).toBe('m.gguf');
    expect((await resolve('hf://org/private', 'hf_secret')).mainFile).toBe('m.gguf');
  });

  it.each([
    ['an error that stays', Array.from({ length: 6 }, () => ({ kind: 'status', status: 502 }) as const), 'UNREACHABLE'],
    ['a limit that stays', Array.from({ length: 6 }, () => ({ kind: 'status', status: 429 }) as const), 'RATE_LIMITED'],
  ])('gives up after %s', async (_title, faults, code) => {
    hub.hubFaults.push(...faults);

    expect((await failureOf(resolve('hf://org/one/m.gguf'))).code).toBe(code);
  });

  it('does not take just any web server for a hub', async () => {
    hub.hubFaults.push({ kind: 'ignore-range' });

    expect((await failureOf(resolve('hf://org/two'))).message).toMatch(/no JSON/);
  });

  it('says that nobody answers, and what to do', async () => {
    const gone = await FakeHub.start({ repositories });
    await using http = new HubHttp({
      endpoint: new URL(`${gone.endpoint}/`),
      token: undefined,
      env: {},
      policy: { ...DEFAULT_RETRY, firstDelayMs: 1, largestDelayMs: 2 },
      nowMs: Date.now,
    });
    await gone[Symbol.asyncDispose]();

    const failure = await failureOf(
      resolveOnHub(http, { scheme: 'hf', repository: 'o/r', revision: 'main', file: 'm.gguf' }, 'hf://o/r'),
    );

    expect(failure).toMatchObject({ code: 'UNREACHABLE', terminal: false });
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.todo).toContain('network');
  });
});

describe('hubFileSource', () => {
  it('reads a header by ranges, without the rest of the file', async () => {
    const { files } = await resolve('hf://org/two/sub/q8 0.gguf');
    await using http = open();

    const header = await readModelHeader(files.map((file) => hubFileSource(http, file)));

    expect(header.name).toBe('other');
    expect(hub.downloads().map(({ range }) => range)).toEqual([`bytes=0-${other.length - 1}`]);
  });

  it('copes with a server that ignores ranges', async () => {
    const { files } = await resolve('hf://org/two/q4.gguf');
    const [file] = files;
    if (file === undefined) throw new Error('no file');
    await using http = open();
    hub.faults.push({ kind: 'ignore-range' });

    const bytes = await hubFileSource(http, file).read(1000, 64);

    expect(Buffer.from(bytes).equals(model.subarray(1000, 1064))).toBe(true);
  });
});
