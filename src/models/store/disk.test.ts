import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../failure-of.ts';
import { asDiskError, demandSpace, formatBytes, freeBytesOf, onDisk } from './disk.ts';

const errno = (code: string) => Object.assign(new Error(code), { code });

describe('asDiskError', () => {
  it.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EROFS', 'CACHE_UNUSABLE'],
    ['EACCES', 'CACHE_UNUSABLE'],
    ['EPERM', 'CACHE_UNUSABLE'],
    ['ENOTDIR', 'CACHE_UNUSABLE'],
    ['EXDEV', 'CACHE_UNUSABLE'],
    ['EIO', 'CACHE_UNUSABLE'],
  ])('%s becomes %s', async (code, expected) => {
    const failure = await failureOf(onDisk('/cache', () => Promise.reject(errno(code))));

    expect(failure.code).toBe(expected);
    expect(failure.message).toContain('/cache');
    expect(failure.todo).toContain('--cache');
  });

  it('leaves everything else as it is', () => {
    const error = errno('ENOENT');

    expect(asDiskError(error, '/cache')).toBe(error);
  });
});

describe('demandSpace', () => {
  it('says how much is needed and how much there is', async () => {
    const failure = await failureOf(demandSpace('/cache', 10 * 2 ** 30, () => Promise.resolve(3 * 2 ** 30)));

    expect(failure.code).toBe('NO_SPACE');
    expect(failure.message).toBe('10.2 GiB needed and 3.0 GiB free on the disk of /cache');
  });

  it('keeps a little free', async () => {
    await expect(demandSpace('/c', 2 ** 20, () => Promise.resolve(2 ** 20))).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
    await expect(demandSpace('/c', 2 ** 20, () => Promise.resolve(2 ** 27))).resolves.toBeUndefined();
  });

  it('asks nothing of the disk when nothing is missing', async () => {
    await expect(demandSpace('/c', 0, () => Promise.reject(new Error('not asked')))).resolves.toBeUndefined();
  });

  it('reads the real disk', async () => {
    expect(await freeBytesOf(tmpdir())).toBeGreaterThan(0);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [2 ** 31, '2.0 GiB'],
    [5 * 2 ** 50, '5120.0 TiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
