import { describe, expect, it } from 'vitest';
import type { PullProgress } from './model.ts';
import { ProgressReporter } from './progress.ts';

describe('ProgressReporter', () => {
  it('tells every phase, and bytes once a second however many chunks arrive', () => {
    let nowMs = 0;
    const told: PullProgress[] = [];
    const progress = new ProgressReporter(
      (each) => told.push(each),
      () => nowMs,
    );

    progress.phase('resolving');
    progress.expect(3000);
    progress.phase('downloading', 0, 'm.gguf');
    for (; nowMs < 2500; nowMs += 1) progress.bytes(nowMs, 'm.gguf');
    progress.phase('verifying', 3000);
    progress.phase('verifying', 3000);
    progress.phase('ready', 3000);

    expect(told.map(({ phase, doneBytes }) => [phase, doneBytes])).toEqual([
      ['resolving', 0],
      ['downloading', 0],
      ['downloading', 1000],
      ['downloading', 2000],
      ['verifying', 3000],
      ['ready', 3000],
    ]);
    expect(told[0]?.totalBytes).toBeUndefined();
    expect(told[1]).toEqual({ phase: 'downloading', doneBytes: 0, totalBytes: 3000, file: 'm.gguf' });
  });
});
