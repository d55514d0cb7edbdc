import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath, namesIn, type StoreLayout, sizeIfThere, statIfThere } from './layout.ts';
import { ownerState } from './owner.ts';
import { isPinned } from './pins.ts';
import { listRefs, removeRef } from './refs.ts';
import { listSnapshots, removeSnapshot, type Snapshot } from './snapshots.ts';

export interface PruneOptions {
  /** Every model that no running process uses. */
  readonly all?: boolean;
  /** Models not used for so long. */
  readonly unusedForMs?: number;
  /** Only say what would go. */
  readonly dryRun?: boolean;
}

export interface PrunedItem {
  readonly kind: 'model' | 'blob' | 'partial';
  /** Its references when it is a model, else its digest. */
  readonly name: string;
  readonly sizeBytes: number;
}

export interface PruneReport {
  readonly removed: readonly PrunedItem[];
  readonly freedBytes: number;
  /** Models that had to stay because a process uses them. */
  readonly inUse: readonly string[];
}

/** A blob is complete a moment before its snapshot exists. */
const YOUNG_MS = 15 * 60_000;

/** Removes models by the given rule, and then what no model refers to. */
export async function pruneStore(layout: StoreLayout, options: PruneOptions, nowMs: number): Promise<PruneReport> {
  const removed: PrunedItem[] = [];
  const inUse: string[] = [];
  const kept: Snapshot[] = [];
  const refs = await listRefs(layout);
  for (const snapshot of await listSnapshots(layout)) {
    const sources = refs.filter((ref) => ref.snapshot === snapshot.id).map((ref) => ref.source);
    const name = sources.join(', ') || snapshot.id;
    const due = await isDue(layout, snapshot, options, nowMs);
    const pinned = due && (await isPinned(layout, snapshot.id));
    if (pinned) inUse.push(name);
    if (!due || pinned) {
      kept.push(snapshot);
      continue;
    }
    removed.push({ kind: 'model', name, sizeBytes: 0 });
    if (options.dryRun === true) continue;
    await removeSnapshot(layout, snapshot.id);
    for (const source of sources) await removeRef(layout, source);
  }
  const needed = new Set(kept.flatMap((snapshot) => snapshot.files.map((file) => file.sha256)));
  removed.push(...(await pruneBlobs(layout, needed, options, nowMs)), ...(await prunePartials(layout, options)));
  return { removed, inUse, freedBytes: removed.reduce((sum, item) => sum + item.sizeBytes, 0) };
}

/** When a snapshot was last used: as noted, else when it was made. */
export async function lastUsedMs(layout: StoreLayout, id: string): Promise<number> {
  const noted = await statIfThere(join(layout.used, id));
  return (noted ?? (await stat(join(layout.snapshots, id)))).mtimeMs;
}

async function isDue(layout: StoreLayout, snapshot: Snapshot, options: PruneOptions, nowMs: number): Promise<boolean> {
  if (options.all === true) return true;
  if (options.unusedForMs === undefined) return false;
  return nowMs - (await lastUsedMs(layout, snapshot.id)) >= options.unusedForMs;
}

async function pruneBlobs(
  layout: StoreLayout,
  needed: ReadonlySet<string>,
  options: PruneOptions,
  nowMs: number,
): Promise<readonly PrunedItem[]> {
  const removed: PrunedItem[] = [];
  for (const folder of await namesIn(layout.blobs)) {
    for (const sha256 of await namesIn(join(layout.blobs, folder))) {
      if (!/^[0-9a-f]{64}$/.test(sha256) || needed.has(sha256)) continue;
      const path = blobPath(layout, sha256);
      const status = await statIfThere(path);
      // The change time is that of the rename into place; links to it from a snapshot being built change it as well.
      if (status === undefined || (options.all !== true && nowMs - status.ctimeMs < YOUNG_MS)) continue;
      removed.push({ kind: 'blob', name: sha256, sizeBytes: status.size });
      if (options.dryRun !== true) await rm(path, { force: true });
    }
  }
  return removed;
}

async function prunePartials(layout: StoreLayout, options: PruneOptions): Promise<readonly PrunedItem[]> {
  const removed: PrunedItem[] = [];
  for (const name of await namesIn(layout.partial)) {
    const owner = /^[0-9a-f]{64}\.(.+)$/.exec(name)?.[1];
    if (owner === undefined || ownerState(owner) !== 'gone') continue;
    const path = join(layout.partial, name);
    removed.push({ kind: 'partial', name: name.slice(0, 64), sizeBytes: (await sizeIfThere(path)) ?? 0 });
    if (options.dryRun !== true) await rm(path, { force: true });
  }
  return removed;
}
