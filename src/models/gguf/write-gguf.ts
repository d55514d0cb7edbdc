import { open } from 'node:fs/promises';
import { tensorType, tensorTypeId } from './tensor-types.ts';

/** A metadata value with the type it is stored as. */
export type WritableValue =
  | { readonly type: keyof typeof SCALARS; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'array'; readonly of: keyof typeof SCALARS; readonly values: readonly number[] }
  | { readonly type: 'array'; readonly of: 'string'; readonly values: readonly string[] };

export interface WritableTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Name of a tensor type, `F32` when absent. */
  readonly type?: string;
  /** Absent: zeros, which take no room on disk where the file system knows holes. */
  readonly data?: Uint8Array;
}

export interface WritableGguf {
  readonly version?: number;
  readonly alignment?: number;
  readonly metadata: Readonly<Record<string, WritableValue>>;
  readonly tensors: readonly WritableTensor[];
}

const SCALARS = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, u64: 10, i64: 11, f64: 12 } as const;
const BOOL = 7;
const TEXT = 8;
const ARRAY = 9;

export const u32 = (value: number): WritableValue => ({ type: 'u32', value });
export const f32 = (value: number): WritableValue => ({ type: 'f32', value });
export const text = (value: string): WritableValue => ({ type: 'string', value });
export const texts = (values: readonly string[]): WritableValue => ({ type: 'array', of: 'string', values });
export const numbers = (of: keyof typeof SCALARS, values: readonly number[]): WritableValue => ({
  type: 'array',
  of,
  values,
});

/**
 * Writes a GGUF file for tests, strictly by the format: offsets aligned and in order, no gaps but padding. Files of any
 * size are written at once, because tensors without data stay holes.
 */
export async function writeGguf(path: string, input: WritableGguf): Promise<{ readonly sizeBytes: number }> {
  const { header, placed, sizeBytes } = layOut(input);
  const file = await open(path, 'w');
  try {
    await file.write(header, 0, header.length, 0);
    for (const { tensor, start } of placed) {
      if (tensor.data !== undefined) await file.write(tensor.data, 0, tensor.data.length, start);
    }
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
  return { sizeBytes };
}

/** The same as bytes in memory. */
export function ggufBytes(input: WritableGguf): Buffer {
  const { header, placed, sizeBytes } = layOut(input);
  const bytes = Buffer.alloc(sizeBytes);
  bytes.set(header);
  for (const { tensor, start } of placed) if (tensor.data !== undefined) bytes.set(tensor.data, start);
  return bytes;
}

interface Layout {
  readonly header: Buffer;
  readonly placed: readonly { readonly tensor: WritableTensor; readonly start: number }[];
  readonly sizeBytes: number;
}

function layOut(input: WritableGguf): Layout {
  const alignment = input.alignment ?? 32;
  const metadata = { ...input.metadata, ...(input.alignment !== undefined && { 'general.alignment': u32(alignment) }) };
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), int32(input.version ?? 3), int64(input.tensors.length), int64(entries.length)];
  for (const [key, value] of entries) parts.push(string(key), encode(value));
  const pad = (size: number) => Math.ceil(size / alignment) * alignment;
  const offsets: number[] = [];
  let dataBytes = 0;
  for (const tensor of input.tensors) {
    const { id, bytes } = tensorSize(tensor);
    offsets.push(dataBytes);
    parts.push(
      string(tensor.name),
      int32(tensor.shape.length),
      ...tensor.shape.map(int64),
      int32(id),
      int64(dataBytes),
    );
    dataBytes = pad(dataBytes + bytes);
  }
  const header = Buffer.concat(parts);
  const dataStart = pad(header.length);
  const placed = input.tensors.map((tensor, index) => ({ tensor, start: dataStart + (offsets[index] ?? 0) }));
  return { header, placed, sizeBytes: dataStart + dataBytes };
}

function tensorSize({ name, shape, type = 'F32', data }: WritableTensor): { id: number; bytes: number } {
  const id = tensorTypeId(type);
  const known = id === undefined ? undefined : tensorType(id);
  if (id === undefined || known === undefined) throw new RangeError(`unknown tensor type ${type}`);
  const weights = shape.reduce((product, length) => product * length, 1);
  if ((shape[0] ?? 1) % Number(known.blockWeights) !== 0) throw new RangeError(`${name}: rows are not whole blocks`);
  const bytes = (weights / Number(known.blockWeights)) * Number(known.blockBytes);
  if (data !== undefined && data.length !== bytes) throw new RangeError(`${name}: ${data.length} bytes, not ${bytes}`);
  return { id, bytes };
}

function encode(value: WritableValue): Buffer {
  if (value.type === 'string') return Buffer.concat([int32(TEXT), string(value.value)]);
  if (value.type === 'bool') return Buffer.concat([int32(BOOL), Buffer.from([value.value ? 1 : 0])]);
  if (value.type !== 'array') return Buffer.concat([int32(SCALARS[value.type]), scalar(value.type, value.value)]);
  if (value.of === 'string') {
    return Buffer.concat([int32(ARRAY), int32(TEXT), int64(value.values.length), ...value.values.map(string)]);
  }
  const { of, values } = value;
  return Buffer.concat([
    int32(ARRAY),
    int32(SCALARS[of]),
    int64(values.length),
    ...values.map((each) => scalar(of, each)),
  ]);
}

function scalar(type: keyof typeof SCALARS, value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  switch (type) {
    case 'u8':
    case 'i8':
      buffer.writeUInt8(Number(value) & 0xff);
      return buffer.subarray(0, 1);
    case 'u16':
    case 'i16':
      buffer.writeUInt16LE(Number(value) & 0xffff);
      return buffer.subarray(0, 2);
    case 'u32':
    case 'i32':
      buffer.writeUInt32LE(Number(value) >>> 0);
      return buffer.subarray(0, 4);
    case 'f32':
      buffer.writeFloatLE(Number(value));
      return buffer.subarray(0, 4);
    case 'f64':
      buffer.writeDoubleLE(Number(value));
      return buffer;
    default:
      return int64(value);
  }
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function int64(value: number | bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return buffer;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int64(bytes.length), bytes]);
}
