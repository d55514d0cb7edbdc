import type { ByteSource } from './byte-source.ts';
import { invalidModelFile } from './byte-source.ts';
import { type GgufHeader, readGguf } from './gguf/read-gguf.ts';
import { fileTypeName } from './gguf/tensor-types.ts';
import { count, kvDimensions } from './kv-cache.ts';
import type { ModelHeader, TensorInfo } from './model.ts';

/**
 * Reads what the header of a model tells. A split model is given as all its files in order; the numbers are then those
 * of the whole model.
 *
 * @throws FlexInferError INVALID_MODEL_FILE, also when a shard is missing or out of place.
 */
export async function readModelHeader(files: readonly ByteSource[]): Promise<ModelHeader> {
  const headers: GgufHeader[] = [];
  for (const file of files) headers.push(await readGguf(file));
  const [first] = headers;
  const [firstFile] = files;
  if (first === undefined || firstFile === undefined) throw new RangeError('a model has at least one file');
  const splitCount = count(first, 'split.count');
  checkShards(headers, files);
  return describe(
    first,
    headers.flatMap((header) => header.tensors),
    firstFile.name,
    splitCount,
  );
}

function checkShards(headers: readonly GgufHeader[], files: readonly ByteSource[]): void {
  for (const [index, header] of headers.entries()) {
    const name = files[index]?.name ?? '';
    const shards = count(header, 'split.count') ?? 1;
    const position = count(header, 'split.no') ?? 0;
    if (shards !== headers.length) {
      const todo = 'put all shards into one folder under their original names';
      throw invalidModelFile(name, `one of ${shards} shards, of which ${headers.length} are here`, todo);
    }
    if (position !== index) {
      throw invalidModelFile(name, `holds shard ${position + 1} where shard ${index + 1} was expected`);
    }
  }
}

function describe(
  header: GgufHeader,
  tensors: readonly TensorInfo[],
  fileName: string,
  splitCount: number | undefined,
): ModelHeader {
  const architecture = text(header, 'general.architecture');
  if (architecture === undefined) throw invalidModelFile(fileName, 'general.architecture is missing from the header');
  const name = text(header, 'general.name');
  const license = text(header, 'general.license');
  const trained = count(header, `${architecture}.context_length`);
  const layers = count(header, `${architecture}.block_count`);
  const vocabulary = header.arrayLengths.get('tokenizer.ggml.tokens') ?? count(header, `${architecture}.vocab_size`);
  return {
    format: 'gguf',
    architecture,
    ...(name !== undefined && { name }),
    ...(license !== undefined && { license }),
    parameters: Number(tensors.reduce((sum, tensor) => sum + weightsOf(tensor), 0n)),
    quantization: quantizationOf(header, tensors),
    weightBytes: Number(tensors.reduce((sum, tensor) => sum + tensor.bytes, 0n)),
    ...(trained !== undefined && { trainedContextLength: trained }),
    ...(layers !== undefined && { layers }),
    ...kvDimensions(header, architecture),
    ...(vocabulary !== undefined && { vocabularySize: vocabulary }),
    ...(splitCount !== undefined && { split: { index: 0, count: splitCount } }),
  };
}

function quantizationOf(header: GgufHeader, tensors: readonly TensorInfo[]): string {
  const declared = count(header, 'general.file_type');
  const name = declared === undefined ? undefined : fileTypeName(declared);
  return name ?? dominantType(tensors);
}

function dominantType(tensors: readonly TensorInfo[]): string {
  const bytes = new Map<string, bigint>();
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0n) + tensor.bytes);
  const [largest] = [...bytes].sort(([, a], [, b]) => (a < b ? 1 : -1));
  return largest?.[0] ?? 'unknown';
}

function weightsOf(tensor: TensorInfo): bigint {
  return tensor.shape.reduce((product, length) => product * length, 1n);
}

function text(header: GgufHeader, key: string): string | undefined {
  const value = header.metadata.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
