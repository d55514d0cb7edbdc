import { readFile } from 'node:fs/promises';
import type { Clock } from '../time/clock.ts';
import { KubeConfigError } from './config-error.ts';

/** Rotated files are read again after this long, as client-go does; the kubelet renews a token long before its end. */
const REREAD_AFTER_MS = 60_000;

/** A file that others replace while we run: a service account token, a certificate, an authority. */
export class WatchedFile {
  readonly path: string;
  readonly #what: string;
  readonly #clock: Clock;
  #content: string | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<string> | undefined;

  /** @param what names the file's role in messages, as in `the token file of user "ci"` */
  constructor(path: string, what: string, clock: Clock) {
    this.path = path;
    this.#what = what;
    this.#clock = clock;
  }

  /**
   * The content, at most a minute old. A file that cannot be read just now (it is being replaced) keeps its last
   * content.
   *
   * @throws KubeConfigError when it could never be read, or is empty
   */
  async read(): Promise<string> {
    if (this.#content !== undefined && this.#clock.monotonicMs() - this.#readMs < REREAD_AFTER_MS) return this.#content;
    // Requests that come together share one read.
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Makes the next `read` look at the file again. */
  expire(): void {
    this.#readMs = Number.NEGATIVE_INFINITY;
  }

  async #readNow(): Promise<string> {
    try {
      const content = await readFile(this.path, 'utf8');
      if (content.trim() === '') throw new Error('the file is empty');
      this.#content = content;
    } catch (error) {
      if (this.#content === undefined) {
        const why = error instanceof Error ? error.message : String(error);
        throw new KubeConfigError(
          `${this.#what} cannot be read: ${why}`,
          `make ${this.path} readable, or name another file in the configuration`,
          error,
        );
      }
    }
    this.#readMs = this.#clock.monotonicMs();
    return this.#content;
  }
}
