import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hollowModel } from '../../src/models/gguf/synthetic-models.ts';
import { ggufBytes } from '../../src/models/gguf/write-gguf.ts';
import { FakeHub } from '../../src/models/hub/fake-hub.ts';
import { sha256Of } from '../../src/models/store-fixture.ts';
import { obtain } from '../backends/obtain.ts';
import { ask, type HubQuestion, realHubClient } from './real-hub-client.ts';

/**
 * The fake hub is proven with the client of the real one: what Hugging Face's own library accepts, asks for and
 * understands is what the fake answers. The real hub itself is out of reach of tests.
 */
const python = await obtain('huggingface_hub', realHubClient);

const COMMIT = 'ab'.repeat(20);
const model = ggufBytes(hollowModel(100_000));
const readme = Buffer.from('# A model\n');

let home: string;
let hub: FakeHub;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'flexinfer-hub-'));
  hub = await FakeHub.start({
    token: 'hf_secret',
    renamed: { 'old/name': 'org/model' },
    repositories: {
      'org/model': {
        commit: COMMIT,
        branches: ['main', 'refs/pr/1'],
        files: { 'sub/m.gguf': model, 'README.md': readme },
        small: ['README.md'],
      },
      'org/gated': { files: { 'm.gguf': model }, access: 'gated' },
      'org/private': { files: { 'm.gguf': model }, access: 'private' },
    },
  });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

describe.skipIf(python === undefined)('the fake hub, asked by the real client', () => {
  const cases: readonly (readonly [string, HubQuestion, unknown])[] = [
    [
      'metadata of a large file',
      ['metadata', 'org/model', 'main', 'sub/m.gguf', ''],
      { commit: COMMIT, etag: sha256Of(model), size: model.length },
    ],
    [
      'a revision with slashes',
      ['metadata', 'org/model', 'refs/pr/1', 'sub/m.gguf', ''],
      expect.objectContaining({ commit: COMMIT }),
    ],
    [
      'a file kept in git',
      ['metadata', 'org/model', 'main', 'README.md', ''],
      { commit: COMMIT, etag: 'a'.repeat(40), size: readme.length },
    ],
    [
      'a renamed repository',
      ['metadata', 'old/name', 'main', 'sub/m.gguf', ''],
      expect.objectContaining({ commit: COMMIT }),
    ],
    [
      'the list of files',
      ['list', 'org/model', 'main', '', ''],
      {
        commit: COMMIT,
        files: {
          'sub/m.gguf': { size: model.length, sha256: sha256Of(model) },
          'README.md': { size: readme.length, sha256: null },
        },
      },
    ],
    ['a download', ['download', 'org/model', 'main', 'sub/m.gguf', ''], { sha256: sha256Of(model) }],
    ['a download with a token', ['download', 'org/gated', 'main', 'm.gguf', 'hf_secret'], { sha256: sha256Of(model) }],
    ['a file that is missing', ['metadata', 'org/model', 'main', 'no.gguf', ''], { error: 'RemoteEntryNotFoundError' }],
    [
      'a revision that is missing',
      ['metadata', 'org/model', 'v9', 'sub/m.gguf', ''],
      { error: 'RevisionNotFoundError' },
    ],
    [
      'a repository that is missing',
      ['metadata', 'org/gone', 'main', 'm.gguf', ''],
      { error: 'RepositoryNotFoundError' },
    ],
    ['a private repository', ['metadata', 'org/private', 'main', 'm.gguf', ''], { error: 'RepositoryNotFoundError' }],
    ['a gated repository', ['metadata', 'org/gated', 'main', 'm.gguf', ''], { error: 'GatedRepoError' }],
    ['a wrong token', ['metadata', 'org/gated', 'main', 'm.gguf', 'hf_wrong'], { error: 'HfHubHTTPError' }],
  ];

  it('is understood in every answer', async () => {
    const answers = await ask(
      python ?? '',
      hub.endpoint,
      home,
      cases.map(([, question]) => question),
    );

    const titled = answers.map((answer, index) => [cases[index]?.[0], answer]);
    expect(titled).toEqual(cases.map(([title, , expected]) => [title, expected]));
    expect(hub.downloads().filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });
});
