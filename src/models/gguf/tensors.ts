import { type ByteSource, invalidModelFile } from '../byte-source.ts';
import type { TensorInfo } from '../model.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { removedTensorType, type TensorType, tensorType } from './tensor-types.ts';

/** GGML_MAX_NAME counts a closing NUL. */
const MAX_NAME_BYTES = 63;
const MAX_DIMENSIONS = 4;
const MAX_WEIGHTS = 2n ** 63n - 1n;

/** Reads the tensor table of a GGUF file and proves that every tensor lies inside the file, none over another. */
export async function readGgufTensors(
  cursor: ByteCursor,
  source: ByteSource,
  tensorCount: number,
  alignment: number,
): Promise<{ tensors: readonly TensorInfo[]; dataOffset: number }> {
  const tensors: TensorInfo[] = [];
  const names = new Set<string>();
  for (let index = 0; index < tensorCount; index += 1) {
    const tensor = await readTensor(cursor, source, index);
    if (names.has(tensor.name)) throw refuse(source, tensor.name, 'stands in the file twice');
    names.add(tensor.name);
    if (tensor.offset % BigInt(alignment) !== 0n) {
      throw refuse(source, tensor.name, `starts at ${tensor.offset}, which is no multiple of ${alignment}`);
    }
    tensors.push(tensor);
  }
  const dataOffset = Math.ceil(cursor.position / alignment) * alignment;
  checkLayout(tensors, BigInt(source.sizeBytes - dataOffset), source);
  return { tensors, dataOffset };
}

async function readTensor(cursor: ByteCursor, source: ByteSource, index: number): Promise<TensorInfo> {
  const what = `tensor ${index}`;
  const nameLength = cursor.length(await cursor.u64(what), what);
  if (nameLength > MAX_NAME_BYTES) {
    throw refuse(source, String(index), `has a name of ${nameLength} bytes where ${MAX_NAME_BYTES} are allowed`);
  }
  const name = await cursor.text(nameLength, what);
  const dimensions = await cursor.u32(what);
  if (dimensions > MAX_DIMENSIONS) {
    throw refuse(source, name, `has ${dimensions} dimensions where ${MAX_DIMENSIONS} are allowed`);
  }
  const shape: bigint[] = [];
  let weights = 1n;
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const length = await cursor.u64(what);
    shape.push(length);
    weights *= length;
    if (weights > MAX_WEIGHTS) throw refuse(source, name, `has the impossible shape ${shape.join(' × ')}`);
  }
  const type = knownType(await cursor.u32(what), name, source);
  const rowLength = shape[0] ?? 1n;
  if (rowLength % type.blockWeights !== 0n) {
    throw refuse(
      source,
      name,
      `has rows of ${rowLength} weights, not a multiple of ${type.name}'s ${type.blockWeights}`,
    );
  }
  const offset = await cursor.u64(what);
  return { name, shape, type: type.name, offset, bytes: (weights / type.blockWeights) * type.blockBytes };
}

function knownType(id: number, name: string, source: ByteSource): TensorType {
  const type = tensorType(id);
  if (type !== undefined) return type;
  const removed = removedTensorType(id);
  throw removed === undefined
    ? refuse(source, name, `has the unknown type ${id}`, 'use a newer FlexInfer, or get the file again')
    : refuse(source, name, `has the withdrawn type ${removed}`, 'quantise the model again');
}

function checkLayout(tensors: readonly TensorInfo[], dataBytes: bigint, source: ByteSource): void {
  const ordered = [...tensors].sort((a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0));
  let end = 0n;
  let previous = '';
  for (const { name, offset, bytes } of ordered) {
    if (offset < end) throw refuse(source, name, `overlaps tensor ${JSON.stringify(previous)}`);
    if (offset + bytes > dataBytes) {
      const missing = offset + bytes - dataBytes;
      throw refuse(
        source,
        name,
        `ends ${missing} bytes past the end of the file`,
        'get the file again: it is truncated',
      );
    }
    end = offset + bytes;
    previous = name;
  }
}

function refuse(source: ByteSource, name: string, what: string, todo?: string): Error {
  return invalidModelFile(source.name, `tensor ${JSON.stringify(name)} ${what}`, todo);
}
