import { FlexInferError } from '../../api/errors.ts';
import { onDisk } from './disk.ts';
import { blobPath, type StoreLayout, sizeIfThere } from './layout.ts';
import { PartialFile, removeOrphans } from './partial-file.ts';

export interface WantedBlob {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** What people call it, for messages. */
  readonly label: string;
}

/** Size of a complete blob; `undefined` when the store lacks it. */
export async function blobSize(layout: StoreLayout, sha256: string): Promise<number | undefined> {
  return onDisk(layout.root, () => sizeIfThere(blobPath(layout, sha256)));
}

/**
 * Gets one blob into the store: `fill` appends its bytes to the partial file, from `received` on, and may be called a
 * second time from the start when the digest turns out wrong. What was received survives a lost connection for the
 * next attempt, but never a wrong digest or a full disk.
 *
 * @throws FlexInferError DIGEST_MISMATCH, or what `fill` throws.
 */
export async function receiveBlob(
  layout: StoreLayout,
  wanted: WantedBlob,
  nowMs: () => number,
  fill: (partial: PartialFile) => Promise<void>,
): Promise<void> {
  const partial = await PartialFile.open(layout, wanted.sha256, nowMs());
  let digest: string;
  try {
    if (partial.received > wanted.sizeBytes) await partial.restart();
    digest = await fillVerified(partial, wanted, fill);
  } catch (error) {
    await giveUp(partial, error);
    throw error;
  }
  if (digest !== wanted.sha256) {
    await partial.discard();
    throw digestMismatch(wanted, digest);
  }
  await partial.commit(wanted.sha256);
  await removeOrphans(layout, wanted.sha256, nowMs());
}

async function fillVerified(
  partial: PartialFile,
  wanted: WantedBlob,
  fill: (partial: PartialFile) => Promise<void>,
): Promise<string> {
  await fill(partial);
  const digest = await partial.digest();
  if (digest === wanted.sha256) return digest;
  await partial.restart();
  await fill(partial);
  return partial.digest();
}

async function giveUp(partial: PartialFile, error: unknown): Promise<void> {
  const useless =
    error instanceof FlexInferError && ['NO_SPACE', 'DIGEST_MISMATCH', 'CACHE_UNUSABLE'].includes(error.code);
  await (useless ? partial.discard() : partial.keep());
}

export function digestMismatch(wanted: WantedBlob, found: string): FlexInferError {
  return new FlexInferError(
    'DIGEST_MISMATCH',
    `${wanted.label} has the SHA-256 ${found} where ${wanted.sha256} was promised`,
    { todo: 'check the source and the sha256 in the manifest; nothing was kept' },
  );
}
