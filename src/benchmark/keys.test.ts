import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { MeasuredRecord, Subject } from '../api/record.ts';
import { modelHash } from './keys.ts';
import { speedOf } from './record-speed.ts';
import { staleReasons } from './staleness.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const subject: Subject = {
  contentHash: 'a'.repeat(64),
  backend: 'llamacpp',
  args: [],
  contextLength: 4096,
  parallel: 1,
  kvCacheType: 'auto',
  gpus: 1,
  protocol: 'v1',
};

describe('modelHash', () => {
  it('is 32 hexadecimal digits and stays what it is from version to version', () => {
    // A changed value here means that every record in every cluster is measured again.
    expect(modelHash(subject, sha256)).toBe('21b46c69ac3cb580692e5c9a3a079740');
  });

  it.each<[string, Partial<Subject>]>([
    ['the weights', { contentHash: 'b'.repeat(64) }],
    ['the engine', { backend: 'ollama' }],
    ['an argument', { args: ['--flash-attn'] }],
    ['the context', { contextLength: 8192 }],
    ['the parallelism', { parallel: 2 }],
    ['the cache type', { kvCacheType: 'q8_0' }],
    ['the GPUs', { gpus: 2 }],
    ['the protocol', { protocol: 'v2' }],
  ])('changes with %s', (_, change) => {
    expect(modelHash({ ...subject, ...change }, sha256)).not.toBe(modelHash(subject, sha256));
  });

  it('does not depend on the order of the fields', () => {
    const reversed = Object.fromEntries(Object.entries(subject).toReversed()) as Subject;

    expect(modelHash(reversed, sha256)).toBe(modelHash(subject, sha256));
  });
});

const run = (tokensPerSecond: number): MeasuredRecord['points'][number]['runs'][number] => ({
  tokensPerSecond,
  promptTokens: 128,
  outputTokens: 128,
  timing: 'server',
  flags: [],
});
const record = (rates: readonly number[]): MeasuredRecord => ({
  version: 1,
  protocol: 'v1',
  outcome: 'measured',
  modelHash: 'c'.repeat(32),
  subject,
  model: { name: 'm', source: 'file:///m.gguf' },
  deviceClass: 'cpu.epyc.v3.8c',
  node: 'n',
  devices: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
  engine: { name: 'llamacpp', version: 'b1', arguments: ['--threads', '1'] },
  threads: 1,
  points: [
    {
      contextLength: 4096,
      parallel: 1,
      promptTokens: 128,
      outputTokens: 128,
      runs: rates.map(run),
      median: 50,
      mad: 1,
      min: 49,
      max: 51,
      flags: [],
    },
  ],
  flags: [],
  load: { startSeconds: 1, pageCache: 'unknown' },
});

describe('speedOf', () => {
  it('has an interval only from three samples on', () => {
    expect(speedOf(record([49, 51]))).toEqual({ tokensPerSecond: 50, samples: 2 });
    expect(speedOf(record([49, 50, 51]))).toEqual({ tokensPerSecond: 50, low: 49, high: 51, samples: 3 });
  });
});

describe('staleReasons', () => {
  const now = {
    deviceClass: 'cpu.epyc.v3.8c',
    protocol: 'v1',
    engine: { name: 'llamacpp', version: 'b1', arguments: ['--threads', '1'] },
    threads: 1,
    nowMs: Date.parse('2026-01-02T00:01:00.000Z'),
  };

  it('finds none while nothing changed, however old the record', () => {
    expect(staleReasons(record([50]), now)).toEqual([]);
  });

  it('names everything that changed', () => {
    const changed = {
      ...now,
      deviceClass: 'cpu.epyc.v3.4c',
      engine: { name: 'llamacpp', version: 'b2', arguments: ['--threads', '2'] },
      threads: 2,
      driver: '580.1',
      maxAgeMs: 1000,
    };

    expect(staleReasons(record([50]), changed)).toEqual([
      'the device class was "cpu.epyc.v3.8c" and is "cpu.epyc.v3.4c"',
      'the version of the engine was "b1" and is "b2"',
      'the number of threads was 1 and is 2',
      'the driver was unknown and is "580.1"',
      'the arguments of the engine changed',
      'it is too old',
    ]);
  });
});
