import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlexInferError } from '../../api/errors.ts';
import { errorCode, onDisk, syncDirectory } from './disk.ts';
import { blobPath, namesIn, type StoreLayout, statIfThere } from './layout.ts';
import { newFreeToken, newOwnerToken, ownerState } from './owner.ts';

/** Chunks from the network are 64 KiB; joined to 4 MiB they cost half as much to hash and write (measured). */
const BUFFER_BYTES = 4 * 2 ** 20;
/** A file whose owner cannot be seen is taken over when nobody wrote to it for so long. */
const ABANDONED_MS = 15 * 60_000;

/**
 * A blob on its way into the store. Bytes are hashed while the disk writes the ones before, in two buffers of fixed
 * size, so memory does not depend on the file. Only {@link commit} makes them visible, after the digest was right.
 */
export class PartialFile {
  readonly #layout: StoreLayout;
  readonly #sha256: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #hash: Hash = createHash('sha256');
  #buffers: [Buffer, Buffer] = [Buffer.allocUnsafe(BUFFER_BYTES), Buffer.allocUnsafe(BUFFER_BYTES)];
  #filled = 0;
  #written = 0;
  /** The write under way; resolves to its error so that nobody has to be waiting when it fails. */
  #writing: Promise<unknown> = Promise.resolve(undefined);

  private constructor(layout: StoreLayout, sha256: string, path: string, handle: FileHandle) {
    this.#layout = layout;
    this.#sha256 = sha256;
    this.#path = path;
    this.#handle = handle;
  }

  /** Starts a new file, or goes on with one that a dead process left behind. */
  static async open(layout: StoreLayout, sha256: string, nowMs: number): Promise<PartialFile> {
    const path = join(layout.partial, `${sha256}.${newOwnerToken()}`);
    return onDisk(layout.root, async () => {
      const adopted = await takeOver(layout, sha256, path, nowMs);
      const handle = await open(path, adopted ? 'r+' : 'wx+', 0o600);
      const file = new PartialFile(layout, sha256, path, handle);
      try {
        if (adopted) await file.#hashWhatIsThere();
        return file;
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** Bytes held so far, written or not. */
  get received(): number {
    return this.#written + this.#filled;
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + BUFFER_BYTES - this.#filled);
      this.#buffers[0].set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === BUFFER_BYTES) await this.#flush();
    }
  }

  /** Forgets everything received. */
  async restart(): Promise<void> {
    await this.#writing;
    await onDisk(this.#layout.root, () => this.#handle.truncate(0));
    this.#hash = createHash('sha256');
    this.#filled = 0;
    this.#written = 0;
  }

  /** SHA-256 of everything received, in hex. Nothing may be appended afterwards, except after a {@link restart}. */
  async digest(): Promise<string> {
    await this.#flush();
    await this.#settle();
    return this.#hash.copy().digest('hex');
  }

  /** Puts the bytes into the store under their digest, durably, and closes the file. */
  async commit(sha256: string): Promise<void> {
    await onDisk(this.#layout.root, async () => {
      const target = blobPath(this.#layout, sha256);
      await this.#handle.sync();
      await this.#handle.chmod(0o444);
      const mine = await this.#handle.stat();
      await this.#handle.close();
      const named = await stat(this.#path);
      if (named.ino !== mine.ino)
        throw new FlexInferError('CACHE_UNUSABLE', `${this.#path} was replaced by another program`);
      await mkdir(dirname(target), { recursive: true });
      await rename(this.#path, target);
      await syncDirectory(dirname(target));
      await syncDirectory(this.#layout.blobs);
    });
  }

  /** Closes the file and leaves it for the next attempt to go on with. */
  async keep(): Promise<void> {
    try {
      await this.#flush();
      await this.#writing;
    } finally {
      await this.#handle.close();
    }
    await onDisk(this.#layout.root, () =>
      rename(this.#path, join(this.#layout.partial, `${this.#sha256}.${newFreeToken()}`)),
    );
  }

  async discard(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
    await rm(this.#path, { force: true });
  }

  async #flush(): Promise<void> {
    await this.#settle();
    const bytes = this.#buffers[0].subarray(0, this.#filled);
    if (bytes.length === 0) return;
    this.#buffers.reverse();
    this.#filled = 0;
    this.#writing = writeFully(this.#handle, bytes, this.#written).then(
      () => undefined,
      (error: unknown) => error,
    );
    this.#written += bytes.length;
    // The disk is busy with these very bytes while they are hashed.
    this.#hash.update(bytes);
  }

  async #settle(): Promise<void> {
    const error = await this.#writing;
    if (error === undefined) return;
    await onDisk(this.#layout.root, () => Promise.reject(error));
  }

  async #hashWhatIsThere(): Promise<void> {
    const buffer = this.#buffers[1];
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, BUFFER_BYTES, this.#written);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#written += bytesRead;
    }
  }
}

/** Bytes of a file for `sha256` that the next pull can go on with. */
export async function resumableBytes(layout: StoreLayout, sha256: string, nowMs: number): Promise<number> {
  const sizes = (await orphans(layout, sha256, nowMs)).map((orphan) => orphan.size);
  return Math.max(0, ...sizes);
}

/** Removes what dead processes left of a blob that is complete now. */
export async function removeOrphans(layout: StoreLayout, sha256: string, nowMs: number): Promise<void> {
  for (const orphan of await orphans(layout, sha256, nowMs)) await rm(orphan.path, { force: true });
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Renames the longest abandoned file to `path`. Of several processes only one succeeds; the others start anew. */
async function takeOver(layout: StoreLayout, sha256: string, path: string, nowMs: number): Promise<boolean> {
  const candidates = [...(await orphans(layout, sha256, nowMs))].sort((a, b) => b.size - a.size);
  for (const candidate of candidates) {
    try {
      await rename(candidate.path, path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return false;
}

async function orphans(
  layout: StoreLayout,
  sha256: string,
  nowMs: number,
): Promise<readonly { readonly path: string; readonly size: number }[]> {
  const found: { path: string; size: number }[] = [];
  for (const name of await namesIn(layout.partial)) {
    if (!name.startsWith(`${sha256}.`)) continue;
    const state = ownerState(name.slice(sha256.length + 1));
    if (state === undefined || state === 'alive') continue;
    const path = join(layout.partial, name);
    const status = await statIfThere(path);
    if (status === undefined) continue;
    if (state === 'gone' || nowMs - status.mtimeMs > ABANDONED_MS) found.push({ path, size: status.size });
  }
  return found;
}
