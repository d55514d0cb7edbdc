import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, type StoreLayout } from './layout.ts';
import { newOwnerToken, ownerState } from './owner.ts';

/** Marks a snapshot as in use by this process, until it ends. */
export async function pinSnapshot(layout: StoreLayout, id: string): Promise<void> {
  const folder = join(layout.pins, id);
  const pin = join(folder, newOwnerToken());
  await mkdir(folder, { recursive: true });
  await writeFile(pin, '');
}

/** Whether a process that still runs, or may run on another machine, uses the snapshot. */
export async function isPinned(layout: StoreLayout, id: string): Promise<boolean> {
  const owners = await namesIn(join(layout.pins, id));
  return owners.some((owner) => ['alive', 'elsewhere'].includes(ownerState(owner) ?? ''));
}
