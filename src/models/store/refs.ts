import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, parseJson } from '../json.ts';
import { namesIn, readIfThere, type StoreLayout, writeAtomically } from './layout.ts';

/** What a reference meant when it was last resolved. */
export interface StoredRef {
  /** The reference in its one spelling. */
  readonly source: string;
  readonly snapshot: string;
  /** The hub's commit; absent for imported files. */
  readonly commit?: string;
  readonly resolvedAtMs: number;
}

function refPath(layout: StoreLayout, source: string): string {
  return join(layout.refs, createHash('sha256').update(source).digest('hex'));
}

export async function readRef(layout: StoreLayout, source: string): Promise<StoredRef | undefined> {
  const ref = parseRef(await readIfThere(refPath(layout, source)));
  return ref?.source === source ? ref : undefined;
}

export async function writeRef(layout: StoreLayout, ref: StoredRef): Promise<void> {
  await writeAtomically(layout, refPath(layout, ref.source), JSON.stringify(ref));
}

export async function listRefs(layout: StoreLayout): Promise<readonly StoredRef[]> {
  const found: StoredRef[] = [];
  for (const name of await namesIn(layout.refs)) {
    const ref = parseRef(await readIfThere(join(layout.refs, name)));
    if (ref !== undefined) found.push(ref);
  }
  return found;
}

export async function removeRef(layout: StoreLayout, source: string): Promise<void> {
  await rm(refPath(layout, source), { force: true });
}

function parseRef(text: string | undefined): StoredRef | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  if (!isRecord(value)) return undefined;
  const { source, snapshot, commit, resolvedAtMs } = value;
  if (typeof source !== 'string' || typeof snapshot !== 'string' || typeof resolvedAtMs !== 'number') return undefined;
  return { source, snapshot, resolvedAtMs, ...(typeof commit === 'string' && { commit }) };
}
