import { isUtf8 } from 'node:buffer';
import { KubeError } from '../rest/kube-error.ts';

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines, wherever the chunks begin and end: inside a line, inside a character. The bytes
 * of a line are decoded together, so a cut character is whole again.
 */
export class LineDecoder {
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param maxLineBytes what a line may have at most; an endless line would fill the memory */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes of a line that has not ended yet. */
  get pendingBytes(): number {
    return this.#partBytes;
  }

  /**
   * The lines that `chunk` completes, without their newlines and without empty ones.
   *
   * @throws KubeError `TooLarge` for a line above the limit, `BadAnswer` for one that is not UTF-8
   */
  push(chunk: Buffer): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      if (this.#partBytes > 0) lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#partBytes += part.length;
    if (this.#partBytes > this.#maxLineBytes) {
      throw new KubeError(`a watch event has more than ${this.#maxLineBytes} bytes`, { reason: 'TooLarge' });
    }
  }

  #take(): string {
    const [first] = this.#parts;
    const line = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    if (!isUtf8(line)) throw new KubeError('a watch event is not UTF-8', { reason: 'BadAnswer' });
    return line.toString('utf8');
  }
}
