import { type ByteSource, invalidModelFile } from '../byte-source.ts';
import type { TensorInfo } from '../model.ts';
import { ByteCursor } from './byte-cursor.ts';
import { readGgufTensors } from './tensors.ts';

/** Numbers that fit are `number`s; 64-bit ones beyond 2^53 stay `bigint`. */
export type GgufScalar = string | number | bigint | boolean;

/** The header of one GGUF file. */
export interface GgufHeader {
  readonly version: 2 | 3;
  readonly byteLength: number;
  /** Scalars, and short arrays of numbers; texts over 64 KiB and long arrays are left out. */
  readonly metadata: ReadonlyMap<string, GgufScalar | readonly GgufScalar[]>;
  /** Number of elements of every array, kept or not. */
  readonly arrayLengths: ReadonlyMap<string, number>;
  readonly alignment: number;
  /** Where the data section starts in the file. */
  readonly dataOffset: number;
  readonly tensors: readonly TensorInfo[];
}

const MAX_KEY_BYTES = 65_535;
const KEPT_TEXT_BYTES = 64 * 1024;
const KEPT_ELEMENTS = 4096;
const MAX_ARRAY_DEPTH = 4;
/** Real headers stay under 50 MiB; a hostile one could keep a reader busy for days. */
const MAX_HEADER_BYTES = 512 * 1024 * 1024;
const SMALLEST_PAIR = 8 + 1 + 4 + 1;
const SMALLEST_TENSOR = 8 + 1 + 4 + 4 + 8;

const UINT32 = 4;
const TEXT = 8;
const ARRAY = 9;
const SIZES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 4],
  [5, 4],
  [6, 4],
  [7, 1],
  [10, 8],
  [11, 8],
  [12, 8],
]);

/**
 * Reads the header of a GGUF file, versions 2 and 3, without touching the weights.
 *
 * Refuses what an engine would trip over or be attacked with: impossible counts, lengths beyond the file, tensors
 * that overlap or reach past the end, duplicate names, foreign byte order. Source: ggml's gguf.md and gguf.cpp.
 *
 * @throws FlexInferError INVALID_MODEL_FILE
 */
export async function readGguf(source: ByteSource): Promise<GgufHeader> {
  const cursor = new ByteCursor(source);
  const version = await readVersion(cursor, source);
  const tensorCount = count(await cursor.i64('the tensor count'), SMALLEST_TENSOR, 'tensors', cursor, source);
  const pairCount = count(await cursor.i64('the metadata count'), SMALLEST_PAIR, 'metadata entries', cursor, source);
  const metadata = new Map<string, GgufScalar | readonly GgufScalar[]>();
  const arrayLengths = new Map<string, number>();
  const seen = new Set<string>();
  let alignment = 32;
  for (let index = 0; index < pairCount; index += 1) {
    const key = await readKey(cursor, source, index);
    if (seen.has(key)) throw invalidModelFile(source.name, `metadata key ${JSON.stringify(key)} stands there twice`);
    seen.add(key);
    const type = await cursor.u32(`the type of ${key}`);
    const value = await readValue(cursor, source, key, type, arrayLengths);
    if (value !== undefined) metadata.set(key, value);
    if (key === 'general.alignment') alignment = checkedAlignment(type, value, source);
    refuseEndlessHeader(cursor, source);
  }
  const { tensors, dataOffset } = await readGgufTensors(cursor, source, tensorCount, alignment);
  return { version, byteLength: cursor.position, metadata, arrayLengths, alignment, dataOffset, tensors };
}

async function readVersion(cursor: ByteCursor, source: ByteSource): Promise<2 | 3> {
  if (source.sizeBytes < 24) {
    throw invalidModelFile(source.name, `${source.sizeBytes} bytes are too few for a GGUF file`);
  }
  const magic = await cursor.text(4, 'the magic');
  if (magic !== 'GGUF') {
    const todo = 'name a .gguf file, or convert the model to GGUF';
    throw invalidModelFile(source.name, `not a GGUF file (${describeMagic(magic)})`, todo);
  }
  const version = await cursor.u32('the version');
  if (version === 2 || version === 3) return version;
  if (version !== 0 && (version & 0xffff) === 0) {
    throw invalidModelFile(source.name, 'a GGUF file in big-endian byte order', 'convert it to little-endian');
  }
  const todo = version === 1 ? 'convert the model again with a current converter' : 'use a newer FlexInfer';
  throw invalidModelFile(source.name, `GGUF version ${version} where 2 and 3 are known`, todo);
}

function describeMagic(magic: string): string {
  const known: Readonly<Record<string, string>> = {
    'PK\u0003\u0004': 'it is a zip archive',
    ggml: 'it is a GGML file of 2023',
    ggjt: 'it is a GGJT file of 2023',
    vers: 'it looks like a Git LFS pointer instead of the file itself',
    '<!do': 'it is a web page',
    '<!DO': 'it is a web page',
    '<htm': 'it is a web page',
  };
  return known[magic] ?? `it starts with ${JSON.stringify(magic)}`;
}

/** The smallest entry decides how many can fit: checked before anything is allocated per entry. */
function count(value: bigint, smallest: number, what: string, cursor: ByteCursor, source: ByteSource): number {
  if (value >= 0n && value <= BigInt(Math.floor(cursor.bytesLeft / smallest))) return Number(value);
  throw invalidModelFile(source.name, `claims ${value} ${what}, more than its ${source.sizeBytes} bytes can hold`);
}

async function readKey(cursor: ByteCursor, source: ByteSource, index: number): Promise<string> {
  const what = `metadata key ${index}`;
  const length = cursor.length(await cursor.u64(what), what);
  if (length === 0 || length > MAX_KEY_BYTES) {
    throw invalidModelFile(source.name, `${what} has ${length} bytes where 1 to ${MAX_KEY_BYTES} are allowed`);
  }
  return cursor.text(length, what);
}

async function readValue(
  cursor: ByteCursor,
  source: ByteSource,
  key: string,
  type: number,
  arrayLengths: Map<string, number>,
): Promise<GgufScalar | readonly GgufScalar[] | undefined> {
  const what = `the value of ${key}`;
  if (type === ARRAY) {
    const { elementType, length } = await readArrayHead(cursor, source, key);
    arrayLengths.set(key, length);
    const size = SIZES.get(elementType);
    if (size === undefined || length > KEPT_ELEMENTS) {
      await skipArray(cursor, source, key, elementType, length, 1);
      return undefined;
    }
    const view = await cursor.view(length * size, what);
    return Array.from({ length }, (_, index) => scalar(view, index * size, elementType, source, key));
  }
  if (type === TEXT) {
    const length = cursor.length(await cursor.u64(what), what);
    if (length <= KEPT_TEXT_BYTES) return cursor.text(length, what);
    cursor.skip(length, what);
    return undefined;
  }
  const size = SIZES.get(type);
  if (size === undefined) throw invalidModelFile(source.name, `${key} has the unknown value type ${type}`);
  return scalar(await cursor.view(size, what), 0, type, source, key);
}

async function readArrayHead(
  cursor: ByteCursor,
  source: ByteSource,
  key: string,
): Promise<{ elementType: number; length: number }> {
  const what = `the array ${key}`;
  const elementType = await cursor.u32(what);
  // Text and nested arrays start with a length of their own.
  const smallest = SIZES.get(elementType) ?? (elementType === TEXT ? 8 : 12);
  const length = count(await cursor.i64(what), smallest, `elements of ${key}`, cursor, source);
  return { elementType, length };
}

async function skipArray(
  cursor: ByteCursor,
  source: ByteSource,
  key: string,
  elementType: number,
  length: number,
  depth: number,
): Promise<void> {
  const what = `the array ${key}`;
  const size = SIZES.get(elementType);
  if (size !== undefined) return cursor.skip(length * size, what);
  if (elementType === TEXT) return cursor.skipTexts(length, what);
  if (elementType !== ARRAY) throw invalidModelFile(source.name, `${key} has the unknown element type ${elementType}`);
  if (depth >= MAX_ARRAY_DEPTH) {
    throw invalidModelFile(source.name, `${key} nests arrays more than ${MAX_ARRAY_DEPTH} deep`);
  }
  for (let index = 0; index < length; index += 1) {
    const inner = await readArrayHead(cursor, source, key);
    await skipArray(cursor, source, key, inner.elementType, inner.length, depth + 1);
    refuseEndlessHeader(cursor, source);
  }
}

function scalar(view: DataView, offset: number, type: number, source: ByteSource, key: string): GgufScalar {
  switch (type) {
    case 0:
      return view.getUint8(offset);
    case 1:
      return view.getInt8(offset);
    case 2:
      return view.getUint16(offset, true);
    case 3:
      return view.getInt16(offset, true);
    case 4:
      return view.getUint32(offset, true);
    case 5:
      return view.getInt32(offset, true);
    case 6:
      return view.getFloat32(offset, true);
    case 7: {
      const flag = view.getUint8(offset);
      if (flag > 1) throw invalidModelFile(source.name, `${key} holds ${flag} where 0 or 1 stands for a truth value`);
      return flag === 1;
    }
    case 10:
      return narrow(view.getBigUint64(offset, true));
    case 11:
      return narrow(view.getBigInt64(offset, true));
    default:
      return view.getFloat64(offset, true);
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function checkedAlignment(type: number, value: unknown, source: ByteSource): number {
  const valid = type === UINT32 && typeof value === 'number' && value >= 8 && Number.isInteger(Math.log2(value));
  if (valid) return value;
  throw invalidModelFile(
    source.name,
    `general.alignment is ${String(value)} where a power of two from 8 on is allowed`,
  );
}

function refuseEndlessHeader(cursor: ByteCursor, source: ByteSource): void {
  if (cursor.position <= MAX_HEADER_BYTES) return;
  throw invalidModelFile(source.name, `the header is longer than ${MAX_HEADER_BYTES} bytes`);
}
