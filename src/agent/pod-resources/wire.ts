/**
 * As much of the protocol buffers' wire format as reading a message takes. Source: Protocol Buffers documentation,
 * "Encoding".
 */

/** A field of a message: bytes for strings and nested messages, a number for integers; other kinds are skipped. */
export interface WireField {
  readonly number: number;
  readonly bytes?: Uint8Array;
}

/**
 * The fields of a message that hold bytes, in order. Fields of other kinds are passed over.
 *
 * @throws RangeError for bytes that are no message
 */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = message[at];
      if (byte === undefined) throw new RangeError('a number ends in the middle');
      at += 1;
      // Beyond 2^53 the value is inexact; no length and no field number comes near.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number has too many digits');
  };
  const skip = (length: number): Uint8Array => {
    if (at + length > message.length) throw new RangeError('a field is longer than its message');
    const bytes = message.subarray(at, at + length);
    at += length;
    return bytes;
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('a field has no number');
    switch (tag % 8) {
      case 0:
        varint();
        yield { number };
        break;
      case 1:
        skip(8);
        yield { number };
        break;
      case 2:
        yield { number, bytes: skip(varint()) };
        break;
      case 5:
        skip(4);
        yield { number };
        break;
      default:
        throw new RangeError('a field is of no known kind');
    }
  }
}

/** A string or a nested message as a field, for tests and for requests. */
export function wireBytes(number: number, content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(bytes.length), ...bytes]);
}

function varintBytes(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}
