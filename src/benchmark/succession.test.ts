import { describe, expect, it } from 'vitest';
import type { FailedRecord, MeasuredRecord, RecordFlag } from '../api/record.ts';
import { replaces, retryAfterMs } from './succession.ts';

const base = {
  version: 1,
  protocol: 'v1',
  modelHash: 'c'.repeat(32),
  subject: {
    contentHash: 'a'.repeat(64),
    backend: 'llamacpp',
    args: [],
    contextLength: 4096,
    parallel: 1,
    kvCacheType: 'auto',
    gpus: 1,
    protocol: 'v1',
  },
  model: { name: 'm', source: 'file:///m.gguf' },
  deviceClass: 'cpu.epyc.v3.8c',
  node: 'n',
  devices: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:01:00.000Z',
} as const;
const run = { tokensPerSecond: 50, promptTokens: 128, outputTokens: 128, timing: 'server', flags: [] } as const;
const measured = (...flags: readonly RecordFlag[]): MeasuredRecord => ({
  ...base,
  subject: { ...base.subject, args: [] },
  devices: [],
  outcome: 'measured',
  engine: { name: 'llamacpp', version: 'b1', arguments: [] },
  points: [
    {
      contextLength: 4096,
      parallel: 1,
      promptTokens: 128,
      outputTokens: 128,
      runs: [{ ...run, flags: [] }],
      median: 50,
      mad: 0,
      min: 50,
      max: 50,
      flags: [...flags],
    },
  ],
  flags: [...flags],
  load: { startSeconds: 1, pageCache: 'unknown' },
});
const failed: FailedRecord = {
  ...base,
  subject: { ...base.subject, args: [] },
  devices: [],
  outcome: 'failed',
  reason: 'ENGINE_FAILED',
  message: 'it ended',
};

describe('a new record', () => {
  it('takes the place of none, of a failure and of a clean one when it is clean itself', () => {
    expect(replaces(measured(), undefined, false)).toBe(true);
    expect(replaces(failed, undefined, false)).toBe(true);
    expect(replaces(measured(), failed, false)).toBe(true);
    expect(replaces(measured(), measured(), false)).toBe(true);
  });

  it('of a failure leaves a measured number where it is', () => {
    expect(replaces(failed, measured(), false)).toBe(false);
    expect(replaces(failed, measured(), true)).toBe(false);
  });

  it.each<RecordFlag>(['contended', 'throttled'])('that was %s does not replace a clean one', (flag) => {
    expect(replaces(measured(flag), measured(), false)).toBe(false);
    expect(replaces(measured(flag), measured(flag), false)).toBe(true);
    expect(replaces(measured(flag), measured(), true)).toBe(true);
  });

  it('that is merely unstable does', () => {
    expect(replaces(measured('unstable'), measured(), false)).toBe(true);
  });
});

describe('the next try after a failure', () => {
  it('waits twice as long each time, and never longer than six hours', () => {
    const minutes = [1, 2, 3, 4, 20, 5000].map((failures) => retryAfterMs(0, failures) / 60_000);

    expect(minutes).toEqual([1, 2, 4, 8, 360, 360]);
  });
});
