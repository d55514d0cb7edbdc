import { rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { withFiles } from './kubeconfig.fake.ts';
import { WatchedFile } from './watched-file.ts';

describe('WatchedFile', () => {
  it('is read again after a minute, and at once when it has expired', () =>
    withFiles({ token: 'first' }, async (path) => {
      const clock = new ManualClock();
      const file = new WatchedFile(path('token'), 'the token', clock);
      await file.read();
      await writeFile(path('token'), 'second');

      await clock.advance(59_999);
      expect(await file.read()).toBe('first');
      await clock.advance(1);
      expect(await file.read()).toBe('second');
      await writeFile(path('token'), 'third');
      file.expire();

      expect(await file.read()).toBe('third');
    }));

  it('keeps its content while it is missing or empty', () =>
    withFiles({ token: 'first' }, async (path) => {
      const clock = new ManualClock();
      const file = new WatchedFile(path('token'), 'the token', clock);
      await file.read();

      await writeFile(path('token'), '');
      await clock.advance(60_000);
      expect(await file.read()).toBe('first');
      await rm(path('token'));
      await clock.advance(60_000);

      expect(await file.read()).toBe('first');
    }));

  it('is refused by name when it never had content', () =>
    withFiles({ empty: ' \n' }, async (path) => {
      for (const name of ['empty', 'none']) {
        const file = new WatchedFile(path(name), 'the token of x', new ManualClock());

        await expect(file.read()).rejects.toThrow('the token of x cannot be read');
      }
    }));

  it('is read once for all who ask at the same time', () =>
    withFiles({ token: 'first' }, async (path) => {
      const file = new WatchedFile(path('token'), 'the token', new ManualClock());

      const readers = [file.read(), file.read()];

      expect(await Promise.all(readers)).toEqual(['first', 'first']);
    }));
});
