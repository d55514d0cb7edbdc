import { type ByteSource, invalidModelFile } from '../byte-source.ts';

const FIRST_WINDOW = 64 * 1024;
const LARGEST_WINDOW = 4 * 1024 * 1024;
const decoder = new TextDecoder('utf-8', { fatal: false });

/**
 * Reads little-endian values one after the other, fetching the source in windows that double in size: a header of a few
 * kilobytes costs one small read, one with a large vocabulary a handful. Skipping fetches nothing.
 *
 * Every length is compared with the bytes that are left before anything is allocated for it.
 */
export class ByteCursor {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#window.buffer);
  #windowStart = 0;
  #nextWindow = FIRST_WINDOW;
  #position = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get position(): number {
    return this.#position;
  }

  get bytesLeft(): number {
    return this.#source.sizeBytes - this.#position;
  }

  skip(length: number, what: string): void {
    this.#demand(length, what);
    this.#position += length;
  }

  async u32(what: string): Promise<number> {
    return (await this.view(4, what)).getUint32(0, true);
  }

  async u64(what: string): Promise<bigint> {
    return (await this.view(8, what)).getBigUint64(0, true);
  }

  async i64(what: string): Promise<bigint> {
    return (await this.view(8, what)).getBigInt64(0, true);
  }

  /** The bytes are a view that the next read may replace: copy what is to be kept. */
  async view(length: number, what: string): Promise<DataView> {
    const start = await this.#take(length, what);
    return new DataView(this.#window.buffer, this.#window.byteOffset + start, length);
  }

  async text(length: number, what: string): Promise<string> {
    const view = await this.view(length, what);
    return decoder.decode(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  /** Steps over `count` strings, each a 64-bit length and its bytes. A plain loop: vocabularies have 10^5 of them. */
  async skipTexts(count: number, what: string): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const start = this.#position - this.#windowStart;
      const inWindow = start >= 0 && start + 8 <= this.#window.length;
      if (inWindow) this.#position += 8;
      const length = inWindow ? this.#view.getBigUint64(start, true) : await this.u64(what);
      this.skip(this.length(length, what), what);
    }
  }

  /** A 64-bit length as a number, once it is known that the file can hold so many bytes. */
  length(value: bigint, what: string): number {
    if (value <= BigInt(this.bytesLeft)) return Number(value);
    throw invalidModelFile(
      this.#source.name,
      `${what} at byte ${this.#position} claims ${value} bytes where ${this.bytesLeft} are left`,
      'get the file again: it is truncated or corrupt',
    );
  }

  #demand(length: number, what: string): void {
    if (length <= this.bytesLeft) return;
    throw invalidModelFile(
      this.#source.name,
      `the file ends at byte ${this.#source.sizeBytes}, inside ${what} that starts at byte ${this.#position}`,
      'get the file again: it is truncated or corrupt',
    );
  }

  /** Makes `length` bytes available and steps over them; returns where they start in the window. */
  async #take(length: number, what: string): Promise<number> {
    this.#demand(length, what);
    const start = this.#position - this.#windowStart;
    if (start < 0 || start + length > this.#window.length) {
      await this.#fetch(length, what);
      this.#position += length;
      return 0;
    }
    this.#position += length;
    return start;
  }

  async #fetch(length: number, what: string): Promise<void> {
    const wanted = Math.min(Math.max(length, this.#nextWindow), this.bytesLeft);
    this.#nextWindow = Math.min(this.#nextWindow * 4, LARGEST_WINDOW);
    const bytes = await this.#source.read(this.#position, wanted);
    if (bytes.length < length) {
      throw invalidModelFile(this.#source.name, `only ${bytes.length} of ${length} bytes of ${what} could be read`);
    }
    this.#window = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.byteLength);
    this.#windowStart = this.#position;
  }
}
