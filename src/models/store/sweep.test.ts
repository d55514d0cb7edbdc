import { mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namesIn, prepareStore, type StoreLayout, storeLayout } from './layout.ts';
import { newFreeToken, newOwnerToken } from './owner.ts';
import { isPinned, pinSnapshot } from './pins.ts';
import { removeSealed } from './sealed-tree.ts';
import { sweepStore } from './sweep.ts';

const HEX = 'ab'.repeat(32);
const HOUR = 3_600_000;
const NOW = Date.now();
const elsewhere = () => newOwnerToken().replace(/^[0-9a-f]{8}/, '00000000');

let layout: StoreLayout;
beforeEach(async () => {
  layout = storeLayout(await mkdtemp(join(tmpdir(), 'flexinfer-sweep-')));
  await prepareStore(layout);
});
afterEach(() => removeSealed(layout.root));

async function put(path: string, ageMs: number): Promise<void> {
  await writeFile(path, 'x');
  await utimes(path, (NOW - ageMs) / 1000, (NOW - ageMs) / 1000);
}

describe('sweepStore', () => {
  it.each([
    ['keeps a download that broke off lately', newFreeToken(), HOUR, true],
    ['removes a download that broke off long ago', newFreeToken(), 30 * HOUR, false],
    ['keeps a download under way, however old', newOwnerToken(), 900 * HOUR, true],
    ['removes a download of a machine that cannot be seen, a day old', elsewhere(), 30 * HOUR, false],
    ['keeps a download of a machine that cannot be seen, fresh', elsewhere(), HOUR, true],
  ])('%s', async (_title, owner, age, kept) => {
    await put(join(layout.partial, `${HEX}.${owner}`), age);

    await sweepStore(layout, NOW);

    expect(await namesIn(layout.partial)).toHaveLength(kept ? 1 : 0);
  });

  it('clears half-built folders of dead processes at once', async () => {
    for (const owner of [newFreeToken(), newOwnerToken()])
      await mkdir(join(layout.tmp, owner, 'files'), { recursive: true });

    const removed = await sweepStore(layout, NOW + 1000);

    expect(removed).toHaveLength(1);
    expect(await namesIn(layout.tmp)).toHaveLength(1);
  });

  it('removes a snapshot without marker, but not one that is just being made', async () => {
    const [old, young] = ['aa', 'bb'].map((pair) => join(layout.snapshots, pair.repeat(32)));
    for (const folder of [old, young]) await mkdir(folder ?? '');
    await utimes(old ?? '', (NOW - 2 * HOUR) / 1000, (NOW - 2 * HOUR) / 1000);

    await sweepStore(layout, NOW);

    expect(await namesIn(layout.snapshots)).toEqual(['bb'.repeat(32)]);
  });

  it('lets go of pins whose process has gone', async () => {
    await mkdir(join(layout.pins, HEX));
    await writeFile(join(layout.pins, HEX, newFreeToken()), '');
    expect(await isPinned(layout, HEX)).toBe(false);
    await pinSnapshot(layout, HEX);

    await sweepStore(layout, NOW + 1000);

    expect(await namesIn(join(layout.pins, HEX))).toHaveLength(1);
    expect(await isPinned(layout, HEX)).toBe(true);
  });

  it('never touches what it did not make', async () => {
    const foreign = [
      join(layout.tmp, 'notes'),
      join(layout.partial, 'download.part'),
      join(layout.partial, `${HEX}.mine`),
      join(layout.snapshots, 'README'),
      join(layout.root, 'other'),
    ];
    for (const path of foreign) await put(path, 9000 * HOUR);

    expect(await sweepStore(layout, NOW)).toEqual([]);
  });
});
