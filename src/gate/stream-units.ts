const LF = 0x0a;
const CR = 0x0d;

/** How an engine cuts its stream into messages: server-sent events end with an empty line, NDJSON with every line. */
export type Framing = 'sse' | 'ndjson';

/** A message of a stream is longer than the limit allows. */
export class UnitTooLong extends Error {
  override readonly name = 'UnitTooLong';
}

/**
 * Cuts a byte stream into whole messages, wherever the network cut it. What comes out, concatenated and with `rest`, is
 * what went in. Whole messages only, so that a stream that breaks can end cleanly after the last one.
 */
export class UnitSplitter {
  readonly #framing: Framing;
  readonly #mostBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #lineIsEmpty = true;
  #afterCr = false;

  constructor(framing: Framing, mostBytes: number) {
    this.#framing = framing;
    this.#mostBytes = mostBytes;
  }

  /** @throws UnitTooLong */
  push(piece: Buffer): Buffer[] {
    const units: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at];
      if (byte !== LF && byte !== CR) {
        this.#lineIsEmpty = false;
        this.#afterCr = false;
        continue;
      }
      if (byte === LF && this.#afterCr && this.#framing === 'sse') {
        // The second half of CRLF: it belongs to the line end already seen.
        this.#afterCr = false;
        if (at === from && this.#heldBytes === 0 && units.length > 0) {
          units.push(Buffer.concat([units.pop() ?? Buffer.alloc(0), piece.subarray(at, at + 1)]));
          from = at + 1;
        }
        continue;
      }
      this.#afterCr = byte === CR;
      const ends = this.#framing === 'ndjson' ? byte === LF : this.#lineIsEmpty;
      this.#lineIsEmpty = true;
      if (ends) {
        units.push(this.#take(piece.subarray(from, at + 1)));
        from = at + 1;
      }
    }
    if (from < piece.length) {
      this.#heldBytes += piece.length - from;
      if (this.#heldBytes > this.#mostBytes) throw new UnitTooLong(`a message of more than ${this.#mostBytes} bytes`);
      this.#held.push(piece.subarray(from));
    }
    return units;
  }

  /** The bytes after the last whole message; once, at the end. */
  rest(): Buffer {
    return this.#take(Buffer.alloc(0));
  }

  #take(last: Buffer): Buffer {
    if (this.#heldBytes === 0) return last;
    const unit = Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return unit;
  }
}

/** Where the data of a message lie: for an event the values of its `data:` lines, for NDJSON the line. */
export function dataRanges(unit: Buffer, framing: Framing): readonly (readonly [start: number, end: number])[] {
  const ranges: [number, number][] = [];
  let start = 0;
  while (start < unit.length) {
    let end = start;
    while (end < unit.length && unit[end] !== LF && unit[end] !== CR) end++;
    if (framing === 'ndjson') {
      if (end > start) ranges.push([start, end]);
    } else if (end - start >= 5 && unit.toString('latin1', start, start + 5) === 'data:') {
      ranges.push([unit[start + 5] === 0x20 ? start + 6 : start + 5, end]);
    }
    start = end + 1;
  }
  return ranges;
}
