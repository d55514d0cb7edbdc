import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock.ts';

describe('withLock', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flexinfer-lock-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('lets one in at a time, and tells the other whom it waits for', async () => {
    const path = join(folder, 'lock');
    const waits: number[] = [];
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };

    await Promise.all(Array.from({ length: 3 }, () => withLock(path, (pid) => waits.push(pid), work)));

    expect(most).toBe(1);
    expect(waits).toContain(process.pid);
  });

  it('takes over from an owner that no longer runs', async () => {
    const path = join(folder, 'lock');
    mkdirSync(path);
    // Beyond the highest process id there can be.
    writeFileSync(join(path, 'pid'), '4194305');

    const result = await withLock(
      path,
      () => undefined,
      async () => 'done',
    );

    expect(result).toBe('done');
  });

  it('takes over from an owner that died before it wrote its id', async () => {
    const path = join(folder, 'lock');
    mkdirSync(path);

    const result = await withLock(
      path,
      () => undefined,
      async () => 'done',
    );

    expect(result).toBe('done');
  });

  it('is free again after work that failed', async () => {
    const path = join(folder, 'lock');
    const fail = async () => {
      throw new Error('no luck');
    };

    await expect(withLock(path, () => undefined, fail)).rejects.toThrow('no luck');

    await expect(
      withLock(
        path,
        () => undefined,
        async () => 'done',
      ),
    ).resolves.toBe('done');
  });
});
