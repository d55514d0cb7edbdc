import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FailedRecord } from '../api/record.ts';
import { RecordStore } from './record-store.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'flexinfer-records-'));
});
afterEach(async () => {
  await rm(state, { recursive: true });
});

const record = (modelHash: string, finishedAt: string): FailedRecord => ({
  version: 1,
  protocol: 'v1',
  outcome: 'failed',
  modelHash,
  subject: {
    contentHash: '0'.repeat(64),
    backend: 'llamacpp',
    args: [],
    contextLength: 4096,
    parallel: 1,
    kvCacheType: 'auto',
    gpus: 0,
    protocol: 'v1',
  },
  model: { name: 'm', source: 'file:///m.gguf' },
  deviceClass: 'cpu.epyc.v3.8c',
  node: 'here',
  devices: [],
  startedAt: finishedAt,
  finishedAt,
  reason: 'EngineFailed',
  message: 'exit 1',
});

const hashA = 'a'.repeat(32);
const hashB = 'b'.repeat(32);

describe('RecordStore', () => {
  it('gives back what was saved and lists the newest first', async () => {
    const store = new RecordStore(state);
    await store.save(record(hashA, '2026-01-01T00:00:00.000Z'));
    await store.save(record(hashB, '2026-02-01T00:00:00.000Z'));

    expect(await store.find(hashA, 'cpu.epyc.v3.8c')).toEqual(record(hashA, '2026-01-01T00:00:00.000Z'));
    expect((await store.list()).map((each) => each.modelHash)).toEqual([hashB, hashA]);
  });

  it('knows nothing before the first save', async () => {
    const store = new RecordStore(state);

    expect(await store.find(hashA, 'cpu.epyc.v3.8c')).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  it.each([
    ['cut off', '{"version":1,'],
    ['of a newer layout', JSON.stringify({ ...record(hashA, '2026-01-01T00:00:00.000Z'), version: 2 })],
    ['of another model', JSON.stringify(record(hashB, '2026-01-01T00:00:00.000Z'))],
  ])('treats a record that is %s as none', async (_, content) => {
    const store = new RecordStore(state);
    await store.save(record(hashA, '2026-01-01T00:00:00.000Z'));
    await writeFile(join(state, 'records', `${hashA}.cpu.epyc.v3.8c.json`), content);

    expect(await store.find(hashA, 'cpu.epyc.v3.8c')).toBeUndefined();
  });

  it('replaces a record whole and leaves no temporary file', async () => {
    const store = new RecordStore(state);

    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.save(record(hashA, `2026-01-01T00:00:${String(i).padStart(2, '0')}.000Z`)),
      ),
    );

    expect(await readdir(join(state, 'records'))).toEqual([`${hashA}.cpu.epyc.v3.8c.json`]);
    expect(await store.find(hashA, 'cpu.epyc.v3.8c')).toBeDefined();
  });
});
