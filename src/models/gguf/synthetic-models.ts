import {
  f32,
  numbers,
  text,
  texts,
  u32,
  type WritableGguf,
  type WritableTensor,
  type WritableValue,
} from './write-gguf.ts';

/** Models made up for tests. None of them says anything sensible. */

const LAYERS = 2;
const WIDTH = 64;
const HEADS = 4;
const KV_HEADS = 2;
const HEAD_WIDTH = WIDTH / HEADS;
const INNER_WIDTH = 128;
const CONTEXT = 2048;

/** Token types of llama.cpp's vocabulary. */
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

/**
 * A random llama of half a megabyte that real engines load and generate text with: two layers of width 64, one token
 * per byte. The output only ever favours printable ASCII, so that what it says is text. The same seed gives the same file.
 */
export function randomLlama(seed = 1): WritableGguf {
  const random = generator(seed);
  const vocabulary = ['<unk>', '<s>', '</s>', ...Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`)];
  const printable = (token: number) => token >= 3 + 0x20 && token <= 3 + 0x7e;
  const output = floats(WIDTH * vocabulary.length, (index) => (printable(Math.floor(index / WIDTH)) ? random() : 0));
  return {
    metadata: {
      ...llamaMetadata('random-llama'),
      'general.file_type': u32(0),
      'llama.vocab_size': u32(vocabulary.length),
      'tokenizer.ggml.model': text('llama'),
      'tokenizer.ggml.tokens': texts(vocabulary),
      'tokenizer.ggml.scores': numbers(
        'f32',
        vocabulary.map(() => 0),
      ),
      'tokenizer.ggml.token_type': numbers(
        'i32',
        vocabulary.map((_, id) => (id === 0 ? UNKNOWN : id < 3 ? CONTROL : BYTE)),
      ),
      'tokenizer.ggml.bos_token_id': u32(1),
      'tokenizer.ggml.eos_token_id': u32(2),
      'tokenizer.ggml.unknown_token_id': u32(0),
    },
    tensors: [
      { name: 'token_embd.weight', shape: [WIDTH, vocabulary.length], data: noise(WIDTH * vocabulary.length, random) },
      ...Array.from({ length: LAYERS }, (_, layer) => llamaLayer(layer, random)).flat(),
      { name: 'output_norm.weight', shape: [WIDTH], data: floats(WIDTH, () => 1) },
      { name: 'output.weight', shape: [WIDTH, vocabulary.length], data: output },
    ],
  };
}

/**
 * A model file of about `sizeBytes` whose weights are zeros, for everything that moves files. No engine loads it.
 *
 * @param marker goes into the name, so that files of one size differ.
 */
export function hollowModel(sizeBytes: number, marker = 'hollow'): WritableGguf {
  // Q8_0: 34 bytes for 32 weights, in rows of 4096.
  const rowBytes = (4096 / 32) * 34;
  const rows = Math.max(1, Math.floor(sizeBytes / rowBytes));
  return {
    metadata: { ...llamaMetadata(marker), 'general.file_type': u32(7) },
    tensors: [{ name: 'token_embd.weight', shape: [4096, rows], type: 'Q8_0' }],
  };
}

/** What every llama header has. */
export function llamaMetadata(name: string): Readonly<Record<string, WritableValue>> {
  return {
    'general.architecture': text('llama'),
    'general.name': text(name),
    'general.license': text('apache-2.0'),
    'llama.context_length': u32(CONTEXT),
    'llama.embedding_length': u32(WIDTH),
    'llama.block_count': u32(LAYERS),
    'llama.feed_forward_length': u32(INNER_WIDTH),
    'llama.attention.head_count': u32(HEADS),
    'llama.attention.head_count_kv': u32(KV_HEADS),
    'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
    'llama.rope.dimension_count': u32(HEAD_WIDTH),
  };
}

function llamaLayer(layer: number, random: () => number): readonly WritableTensor[] {
  const matrix = (name: string, columns: number, rows: number): WritableTensor => ({
    name: `blk.${layer}.${name}.weight`,
    shape: [columns, rows],
    data: noise(columns * rows, random),
  });
  const norm = (name: string): WritableTensor => ({
    name: `blk.${layer}.${name}.weight`,
    shape: [WIDTH],
    data: floats(WIDTH, () => 1),
  });
  const kvWidth = KV_HEADS * HEAD_WIDTH;
  return [
    norm('attn_norm'),
    matrix('attn_q', WIDTH, WIDTH),
    matrix('attn_k', WIDTH, kvWidth),
    matrix('attn_v', WIDTH, kvWidth),
    matrix('attn_output', WIDTH, WIDTH),
    norm('ffn_norm'),
    matrix('ffn_gate', WIDTH, INNER_WIDTH),
    matrix('ffn_up', WIDTH, INNER_WIDTH),
    matrix('ffn_down', INNER_WIDTH, WIDTH),
  ];
}

function noise(count: number, random: () => number): Uint8Array {
  return floats(count, () => random() * 0.25);
}

function floats(count: number, value: (index: number) => number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, index) => value(index)).buffer);
}

/** Mulberry32, -1 to 1. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
