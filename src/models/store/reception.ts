import type { Clock } from '../../api/clock.ts';
import { FlexInferError } from '../../api/errors.ts';
import { cancelled } from '../cancelled.ts';
import type { ModelFile } from '../model.ts';
import type { ProgressReporter } from '../progress.ts';
import { blobSize, receiveBlob, type WantedBlob } from './blobs.ts';
import { demandSpace, type FreeBytes, onDisk } from './disk.ts';
import type { StoreLayout } from './layout.ts';
import { type PartialFile, resumableBytes } from './partial-file.ts';

/** How the bytes of a file get into a partial file: a download, a copy. It reports how many are there. */
export type FillerOf = (
  file: ModelFile,
) => (partial: PartialFile, onReceived: (bytes: number) => void) => Promise<void>;

/** Gets the files of a model into the store, whatever they come from. */
export class Reception {
  readonly #layout: StoreLayout;
  readonly #clock: Clock;
  readonly #freeBytes: FreeBytes;
  /** Blobs under way, so that two pulls of one process share one. */
  readonly #receiving = new Map<string, Promise<void>>();

  constructor(layout: StoreLayout, clock: Clock, freeBytes: FreeBytes) {
    this.#layout = layout;
    this.#clock = clock;
    this.#freeBytes = freeBytes;
  }

  /** Gets the missing blobs, one after the other; true when there was one. */
  async receive(
    files: readonly ModelFile[],
    signal: AbortSignal | undefined,
    progress: ProgressReporter,
    fillerOf: FillerOf,
  ): Promise<boolean> {
    const missing = await this.#missing(files);
    const unique = new Map(missing.map((file) => [file.sha256, file]));
    let needed = 0;
    for (const file of unique.values()) {
      needed += file.sizeBytes - (await resumableBytes(this.#layout, file.sha256, this.#clock.wallMs()));
    }
    await onDisk(this.#layout.root, () => demandSpace(this.#layout.root, needed, this.#freeBytes));
    progress.expect(totalSize(files));
    let done = totalSize(files) - totalSize([...unique.values()]);
    for (const file of unique.values()) {
      if (signal?.aborted === true) throw cancelled();
      progress.phase('downloading', done, file.path);
      const before = done;
      const fill = fillerOf(file);
      await this.#receiveOnce({ label: file.path, ...file }, async (partial) => {
        await fill(partial, (bytes) => progress.bytes(before + bytes, file.path));
        progress.phase('verifying', before + partial.received);
      });
      done += file.sizeBytes;
    }
    return unique.size > 0;
  }

  async #missing(files: readonly ModelFile[]): Promise<readonly ModelFile[]> {
    const missing: ModelFile[] = [];
    for (const file of files) {
      const size = await blobSize(this.#layout, file.sha256);
      if (size !== file.sizeBytes) missing.push(file);
    }
    return missing;
  }

  async #receiveOnce(wanted: WantedBlob, fill: (partial: PartialFile) => Promise<void>): Promise<void> {
    for (let underWay = this.#receiving.get(wanted.sha256); underWay !== undefined; ) {
      const failure = await underWay.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      // The other pull was interrupted, this one was not: it takes over.
      if (!(failure instanceof FlexInferError && failure.code === 'CANCELLED')) throw failure;
      underWay = this.#receiving.get(wanted.sha256);
    }
    const receiving = receiveBlob(this.#layout, wanted, this.#clock.wallMs, fill).finally(() => {
      this.#receiving.delete(wanted.sha256);
    });
    this.#receiving.set(wanted.sha256, receiving);
    await receiving;
  }
}

export function totalSize(files: readonly { readonly sizeBytes: number }[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
