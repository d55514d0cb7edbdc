import type { ByteSource } from './byte-source.ts';
import { invalidModelFile } from './byte-source.ts';
import { type GgufHeader, readGguf } from './gguf/read-gguf.ts';
import { fileTypeName } from './gguf/tensor-types.ts';
import type { ModelHeader, TensorInfo } from './model.ts';

const F16_BYTES = 2;

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
  const count = number(first, 'split.count');
  checkShards(headers, files);
  return describe(
    first,
    headers.flatMap((header) => header.tensors),
    firstFile.name,
    count,
  );
}

function checkShards(headers: readonly GgufHeader[], files: readonly ByteSource[]): void {
  for (const [index, header] of headers.entries()) {
    const name = files[index]?.name ?? '';
    const count = number(header, 'split.count') ?? 1;
    const position = number(header, 'split.no') ?? 0;
    if (count !== headers.length) {
      const todo = 'put all shards into one folder under their original names';
      throw invalidModelFile(name, `one of ${count} shards, of which ${headers.length} are here`, todo);
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
  const trained = number(header, `${architecture}.context_length`);
  const layers = number(header, `${architecture}.block_count`);
  const kvBytes = kvBytesPerToken(header, architecture);
  const vocabulary = header.arrayLengths.get('tokenizer.ggml.tokens') ?? number(header, `${architecture}.vocab_size`);
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
    ...(kvBytes !== undefined && { kvBytesPerToken: kvBytes }),
    ...(vocabulary !== undefined && { vocabularySize: vocabulary }),
    ...(splitCount !== undefined && { split: { index: 0, count: splitCount } }),
  };
}

/**
 * Key and value cache of one token at f16, summed over the layers: KV heads × (key length + value length) × 2 bytes.
 * Multi-head latent attention stores the latent once, so its values cost nothing. Sliding windows are not subtracted:
 * the number is an upper bound there. `undefined` when the header lacks a dimension (a state-space model, say).
 * Source: llama.cpp b11434, llama-hparams.cpp and llama-kv-cache.cpp.
 */
function kvBytesPerToken(header: GgufHeader, architecture: string): number | undefined {
  const layers = number(header, `${architecture}.block_count`);
  const heads = perLayer(header, `${architecture}.attention.head_count`, layers);
  const kvHeads = perLayer(header, `${architecture}.attention.head_count_kv`, layers) ?? heads;
  const embedding = number(header, `${architecture}.embedding_length`);
  if (layers === undefined || heads === undefined || kvHeads === undefined) return undefined;
  const mostHeads = Math.max(...heads);
  const derived = embedding === undefined || mostHeads === 0 ? undefined : embedding / mostHeads;
  const keyLength = number(header, `${architecture}.attention.key_length`) ?? derived;
  const valueLength = number(header, `${architecture}.attention.value_length`) ?? derived;
  if (keyLength === undefined || valueLength === undefined) return undefined;
  const latent = number(header, `${architecture}.attention.key_length_mla`) !== undefined;
  const perHead = latent ? keyLength : keyLength + valueLength;
  const bytes = kvHeads.reduce((sum, count) => sum + count * perHead * F16_BYTES, 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** One number for all layers or an array with one for each. */
function perLayer(header: GgufHeader, key: string, layers: number | undefined): readonly number[] | undefined {
  const value = header.metadata.get(key);
  if (layers === undefined || layers < 1 || layers > 65_536) return undefined;
  if (typeof value === 'number' && isCount(value)) return Array.from({ length: layers }, () => value);
  if (!Array.isArray(value) || value.length < layers) return undefined;
  const counts = value.slice(0, layers).filter((each): each is number => typeof each === 'number' && isCount(each));
  return counts.length === layers ? counts : undefined;
}

function quantizationOf(header: GgufHeader, tensors: readonly TensorInfo[]): string {
  const declared = number(header, 'general.file_type');
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

function number(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(key);
  return typeof value === 'number' && isCount(value) ? value : undefined;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
