import type { GgufHeader } from './gguf/read-gguf.ts';
import type { ModelHeader } from './model.ts';

const F16_BYTES = 2;
/** Tokens that llama.cpp processes at once, kept beside the window. */
const BATCH_TOKENS = 512;

/**
 * Every how many layers one attends to everything, the others to a window only, where the file does not say it.
 * Source: the load_swa_pattern calls of llama.cpp b11434. An architecture that is not listed counts as without window.
 */
const WINDOW_PERIODS: Readonly<Record<string, number>> = {
  cohere2: 4,
  exaone4: 4,
  gemma2: 2,
  gemma3: 6,
  gemma3n: 5,
  'gpt-oss': 2,
  olmo2: 4,
  plamo3: 8,
};

type KvDimensions = Pick<ModelHeader, 'kvBytesPerToken' | 'slidingWindow'>;

/**
 * Key and value cache of one token at f16: per layer KV heads × (key length + value length) × 2 bytes, summed up.
 * Layers of a sliding window are told apart, as they never hold more than the window. Recurrent layers hold nothing per
 * token. Multi-head latent attention stores its latent once and no values. Empty when the header lacks a dimension.
 * Source: llama.cpp b11434, llama-hparams.cpp, llama-kv-cache.cpp and llama-kv-cache-iswa.cpp.
 */
export function kvDimensions(header: GgufHeader, architecture: string): KvDimensions {
  const perLayer = layerBytes(header, architecture);
  const total = sum(perLayer ?? []);
  if (perLayer === undefined || total === 0 || !Number.isSafeInteger(total)) return {};
  const tokens = count(header, `${architecture}.attention.sliding_window`);
  const windowed = sum(perLayer.filter((_, layer) => isWindowed(header, architecture, layer)));
  if (tokens === undefined || tokens === 0 || windowed === 0) return { kvBytesPerToken: total };
  return { kvBytesPerToken: total, slidingWindow: { tokens, kvBytesPerToken: windowed } };
}

/** f16 bytes of one sequence of that length: layers of a sliding window stop growing at it. */
export function kvBytesOf({ kvBytesPerToken, slidingWindow }: KvDimensions, contextLength: number): number | undefined {
  if (kvBytesPerToken === undefined) return undefined;
  if (slidingWindow === undefined) return kvBytesPerToken * contextLength;
  const held = Math.min(contextLength, slidingWindow.tokens + BATCH_TOKENS);
  return (kvBytesPerToken - slidingWindow.kvBytesPerToken) * contextLength + slidingWindow.kvBytesPerToken * held;
}

function layerBytes(header: GgufHeader, architecture: string): readonly number[] | undefined {
  const layers = count(header, `${architecture}.block_count`);
  const heads = perLayer(header, `${architecture}.attention.head_count`, layers);
  const kvHeads = perLayer(header, `${architecture}.attention.head_count_kv`, layers) ?? heads;
  const embedding = count(header, `${architecture}.embedding_length`);
  if (heads === undefined || kvHeads === undefined) return undefined;
  const mostHeads = Math.max(...heads);
  const derived = embedding === undefined || mostHeads === 0 ? undefined : embedding / mostHeads;
  const keyLength = count(header, `${architecture}.attention.key_length`) ?? derived;
  const valueLength = count(header, `${architecture}.attention.value_length`) ?? derived;
  if (keyLength === undefined || valueLength === undefined) return undefined;
  const latent = count(header, `${architecture}.attention.key_length_mla`) !== undefined;
  const perHead = latent ? keyLength : keyLength + valueLength;
  const interval = count(header, `${architecture}.full_attention_interval`) ?? 1;
  return kvHeads.map((each, layer) => ((layer + 1) % Math.max(1, interval) === 0 ? each * perHead * F16_BYTES : 0));
}

function isWindowed(header: GgufHeader, architecture: string, layer: number): boolean {
  const stored = header.metadata.get(`${architecture}.attention.sliding_window_pattern`);
  if (Array.isArray(stored)) return stored[layer] === true || stored[layer] === 1;
  const period = typeof stored === 'number' ? stored : WINDOW_PERIODS[architecture];
  return period !== undefined && period > 1 && layer % period < period - 1;
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

/** A whole number that is not negative; `undefined` for anything else under that key. */
export function count(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(key);
  return typeof value === 'number' && isCount(value) ? value : undefined;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
