import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, type StoreLayout, statIfThere } from './layout.ts';
import { ownerState } from './owner.ts';
import { removeSealed } from './sealed-tree.ts';
import { readSnapshot, removeSnapshot } from './snapshots.ts';

/** How long a broken-off download is worth going on with. */
const RESUMABLE_MS = 24 * 3_600_000;
/** When a file is left by something that cannot be seen: another machine, a container, the time before a reboot. */
const ABANDONED_MS = 3_600_000;

/**
 * Clears what killed processes left behind: half-built folders at once, broken-off downloads after a day, pins.
 * Only names of our own making are touched. Cheap enough for every start: nothing is hashed.
 *
 * @returns what was removed, as paths.
 */
export async function sweepStore(layout: StoreLayout, nowMs: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(layout.tmp)) {
    const path = join(layout.tmp, name);
    if (await isLeftBehind(path, name, nowMs, 0)) {
      await removeSealed(path);
      removed.push(path);
    }
  }
  for (const name of await namesIn(layout.partial)) {
    const path = join(layout.partial, name);
    const owner = /^[0-9a-f]{64}\.(.+)$/.exec(name)?.[1];
    if (owner !== undefined && (await isLeftBehind(path, owner, nowMs, RESUMABLE_MS))) {
      await rm(path, { force: true });
      removed.push(path);
    }
  }
  removed.push(...(await sweepPins(layout, nowMs)));
  for (const id of await namesIn(layout.snapshots)) {
    if (!/^[0-9a-f]{64}$/.test(id) || (await readSnapshot(layout, id)) !== undefined) continue;
    // A snapshot is without its marker for an instant while another process makes it.
    const path = join(layout.snapshots, id);
    if ((await ageMs(path, nowMs)) < ABANDONED_MS) continue;
    await removeSnapshot(layout, id);
    removed.push(path);
  }
  return removed;
}

async function sweepPins(layout: StoreLayout, nowMs: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const id of await namesIn(layout.pins)) {
    for (const owner of await namesIn(join(layout.pins, id))) {
      const path = join(layout.pins, id, owner);
      if (!(await isLeftBehind(path, owner, nowMs, 0))) continue;
      await rm(path, { force: true });
      removed.push(path);
    }
  }
  return removed;
}

async function isLeftBehind(path: string, owner: string, nowMs: number, afterMs: number): Promise<boolean> {
  const state = ownerState(owner);
  if (state === undefined || state === 'alive') return false;
  const age = await ageMs(path, nowMs);
  return age >= (state === 'elsewhere' ? Math.max(afterMs, ABANDONED_MS) : afterMs);
}

async function ageMs(path: string, nowMs: number): Promise<number> {
  const status = await statIfThere(path);
  return status === undefined ? Number.NEGATIVE_INFINITY : nowMs - status.mtimeMs;
}
