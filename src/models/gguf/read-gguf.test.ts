import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gguf } from '@huggingface/gguf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ByteSource, memorySource, openFileSource } from '../byte-source.ts';
import { failureOf, failureOrNone } from '../failure-of.ts';
import { readGguf } from './read-gguf.ts';
import { hollowModel, randomLlama } from './synthetic-models.ts';
import { tensorTypeId } from './tensor-types.ts';
import {
  ggufBytes,
  numbers,
  text,
  texts,
  u32,
  type WritableGguf,
  type WritableValue,
  writeGguf,
} from './write-gguf.ts';

const read = (bytes: Uint8Array) => readGguf(memorySource(bytes, 'model.gguf'));
const small = (metadata: Record<string, WritableValue> = {}, more: Partial<WritableGguf> = {}): WritableGguf => ({
  metadata: { 'general.architecture': text('llama'), ...metadata },
  tensors: [
    { name: 'first', shape: [32, 2], type: 'Q8_0' },
    { name: 'second', shape: [4] },
  ],
  ...more,
});

/** The bytes of a file with something written over them; `find` locates a text, `skip` counts from its end. */
function spoiled(bytes: Buffer, find: string, skip: number, replacement: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.indexOf(find);
  if (at < 0) throw new Error(`${find} is not in the file`);
  replacement.forEach((byte, index) => (copy[at + find.length + skip + index] = byte));
  return copy;
}

const le32 = (value: number) => new Uint8Array(new Uint32Array([value]).buffer);
const le64 = (value: bigint) => new Uint8Array(new BigUint64Array([value]).buffer);

/** Wraps a source so that it counts what is asked of it. */
function counting(source: ByteSource) {
  const asked = { bytes: 0, reads: 0 };
  const counted: ByteSource = {
    ...source,
    read: (offset, length) => {
      asked.bytes += length;
      asked.reads += 1;
      return source.read(offset, length);
    },
  };
  return { counted, asked };
}

describe('readGguf', () => {
  it('reads metadata of every type', async () => {
    const metadata: Record<string, WritableValue> = {
      u8: { type: 'u8', value: 200 },
      i8: { type: 'i8', value: -5 },
      u16: { type: 'u16', value: 60_000 },
      i16: { type: 'i16', value: -300 },
      u32: u32(4_000_000_000),
      i32: { type: 'i32', value: -70_000 },
      f32: { type: 'f32', value: 0.5 },
      f64: { type: 'f64', value: 0.1 },
      yes: { type: 'bool', value: true },
      u64: { type: 'u64', value: 2n ** 63n },
      i64: { type: 'i64', value: -12n },
      words: text('hällo'),
      list: numbers('i32', [1, -2, 3]),
      names: texts(['a', 'bc', '']),
    };

    const header = await read(ggufBytes(small(metadata)));

    expect(Object.fromEntries(header.metadata)).toEqual({
      'general.architecture': 'llama',
      u8: 200,
      i8: -5,
      u16: 60_000,
      i16: -300,
      u32: 4_000_000_000,
      i32: -70_000,
      f32: 0.5,
      f64: 0.1,
      yes: true,
      u64: 2n ** 63n,
      i64: -12,
      words: 'hällo',
      list: [1, -2, 3],
    });
    expect(header.arrayLengths.get('names')).toBe(3);
  });

  it('places the tensors after the padding', async () => {
    const bytes = ggufBytes(small({}, { alignment: 64 }));

    const header = await read(bytes);

    expect(header.alignment).toBe(64);
    expect(header.dataOffset % 64).toBe(0);
    expect(header.tensors).toEqual([
      { name: 'first', shape: [32n, 2n], type: 'Q8_0', offset: 0n, bytes: 68n },
      { name: 'second', shape: [4n], type: 'F32', offset: 128n, bytes: 16n },
    ]);
    expect(header.dataOffset + 128 + 64).toBe(bytes.length);
  });

  it('reads version 2 as well', async () => {
    expect((await read(ggufBytes(small({}, { version: 2 })))).version).toBe(2);
  });

  it('reads a long vocabulary in a few windows and keeps none of it', async () => {
    const words = Array.from({ length: 100_000 }, (_, index) => `token number ${index}`);
    const { counted, asked } = counting(memorySource(ggufBytes(small({ 'tokenizer.ggml.tokens': texts(words) }))));

    const header = await readGguf(counted);

    expect(header.arrayLengths.get('tokenizer.ggml.tokens')).toBe(100_000);
    expect(header.metadata.has('tokenizer.ggml.tokens')).toBe(false);
    expect(asked.reads).toBeLessThan(6);
  });

  it('skips long arrays of numbers without reading them', async () => {
    const scores = numbers(
      'f32',
      Array.from({ length: 500_000 }, () => 0),
    );
    const { counted, asked } = counting(memorySource(ggufBytes(small({ scores }))));

    await readGguf(counted);

    expect(asked.bytes).toBeLessThan(600_000);
  });

  it('does not touch the weights of a sparse 4 GiB file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flexinfer-gguf-'));
    try {
      const path = join(folder, 'hollow.gguf');
      const { sizeBytes } = await writeGguf(path, hollowModel(4 * 2 ** 30));
      await using source = await openFileSource(path);
      const { counted, asked } = counting(source);

      const header = await readGguf(counted);

      expect(sizeBytes).toBeGreaterThan(4.29e9 - 5000);
      expect(header.tensors[0]?.bytes).toBeGreaterThan(4_290_000_000n);
      expect(asked.bytes).toBeLessThanOrEqual(64 * 1024);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const good = ggufBytes(small({ 'general.alignment': u32(32), list: numbers('u32', [1, 2]) }));
  const array = (elementType: number, length: bigint) => [...le32(9), ...le32(elementType), ...le64(length)];
  /** Puts a hand-made value under the key `list`. */
  const withList = (value: readonly number[]) => spoiled(good, 'list', 0, Uint8Array.from(value));

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /too few/],
    ['a wrong magic', Buffer.concat([Buffer.from('GGUX'), good.subarray(4)]), /not a GGUF file/],
    ['a zip archive', Buffer.concat([Buffer.from('PK\u0003\u0004'), good.subarray(4)]), /zip archive/],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00'), /LFS pointer/],
    ['a web page', Buffer.from('<!doctype html><html><body>404</body></html>'), /web page/],
    ['version 1', ggufBytes(small({}, { version: 1 })), /version 1/],
    ['version 99', ggufBytes(small({}, { version: 99 })), /version 99/],
    ['big-endian bytes', ggufBytes(small({}, { version: 0x03000000 })), /big-endian/],
    ['2^63 tensors', spoiled(good, 'GGUF', 4, le64(2n ** 63n)), /tensors/],
    ['2^40 metadata entries', spoiled(good, 'GGUF', 12, le64(2n ** 40n)), /metadata entries/],
    ['an empty key', spoiled(good, 'GGUF', 20, le64(0n)), /key 0/],
    ['a key of 2^64 - 1 bytes', spoiled(good, 'GGUF', 20, le64(2n ** 64n - 1n)), /claims/],
    ['a text longer than the file', spoiled(good, 'general.architecture', 4, le64(2n ** 50n)), /claims/],
    ['an unknown value type', spoiled(good, 'general.architecture', 0, le32(77)), /value type 77/],
    ['an array of 2^62 numbers', withList(array(4, 2n ** 62n)), /elements/],
    ['an array of 2^62 texts', withList(array(8, 2n ** 62n)), /elements/],
    ['an array of an unknown type', withList(array(13, 1n)), /element type 13/],
    ['alignment 0', ggufBytes(small({ 'general.alignment': u32(0) })), /alignment is 0/],
    ['alignment 7', ggufBytes(small({ 'general.alignment': u32(7) })), /alignment is 7/],
    ['alignment as text', ggufBytes(small({ 'general.alignment': text('32') })), /alignment/],
    [
      'a tensor name of 64 bytes',
      ggufBytes(small({}, { tensors: [{ name: 'x'.repeat(64), shape: [1] }] })),
      /64 bytes/,
    ],
    ['five dimensions', ggufBytes(small({}, { tensors: [{ name: 't', shape: [1, 1, 1, 1, 1] }] })), /5 dimensions/],
    ['a shape beyond 2^63', spoiled(good, 'second', 4, le64(2n ** 63n)), /impossible shape/],
    ['rows that are not whole blocks', spoiled(good, 'first', 4, le64(33n)), /multiple of Q8_0/],
    ['an unknown tensor type', spoiled(good, 'second', 12, le32(1000)), /unknown type 1000/],
    ['a withdrawn tensor type', spoiled(good, 'second', 12, le32(31)), /withdrawn type Q4_0_4_4/],
    ['a tensor that starts past the end', spoiled(good, 'second', 16, le64(2n ** 40n)), /past the end/],
    ['a tensor off its alignment', spoiled(good, 'second', 16, le64(97n)), /no multiple of 32/],
    ['a tensor over another', spoiled(good, 'second', 16, le64(32n)), /overlaps/],
    ['a file cut in its data', good.subarray(0, good.length - 32), /past the end/],
    ['a file cut in its header', good.subarray(0, 60), /can hold|claims|ends at/],
    [
      'two tensors of one name',
      ggufBytes(
        small(
          {},
          {
            tensors: [
              { name: 't', shape: [8] },
              { name: 't', shape: [8] },
            ],
          },
        ),
      ),
      /twice/,
    ],
    [
      'a key that stands there twice',
      spoiled(ggufBytes(small({ key1: u32(1), key2: u32(2) })), 'key2', -1, Buffer.from('1')),
      /stands there twice/,
    ],
  ])('refuses %s', async (_title, bytes, why) => {
    const failure = await failureOf(read(bytes));

    expect(failure).toMatchObject({ code: 'INVALID_MODEL_FILE' });
    expect(String(failure)).toMatch(why);
    expect(String(failure)).toContain('model.gguf');
  });

  it('refuses arrays that nest without end', async () => {
    const nested = (depth: number): number[] =>
      depth === 0 ? [...le32(4), ...le64(0n)] : [...le32(9), ...le64(1n), ...nested(depth - 1)];
    const make = (depth: number) => {
      const value = Buffer.from([...le32(9), ...nested(depth)]);
      const key = Buffer.concat([Buffer.from(le64(4n)), Buffer.from('deep')]);
      const head = Buffer.concat([Buffer.from('GGUF'), Buffer.from([...le32(3), ...le64(0n), ...le64(1n)])]);
      return Buffer.concat([head, key, value, Buffer.alloc(32)]);
    };

    await expect(read(make(2))).resolves.toMatchObject({ version: 3 });
    await expect(read(make(10))).rejects.toThrow(/nests arrays/);
  });

  it('throws nothing but FlexInferError and reads little, whatever happens to a file', async () => {
    const original = ggufBytes(small({ list: numbers('u32', [1, 2, 3]), names: texts(['a', 'b']) }));
    const damage = fc.array(fc.tuple(fc.nat(original.length - 1), fc.constantFrom(0, 1, 7, 9, 127, 128, 255)), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(original.length), async (writes, cut) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of writes) bytes[at] = value;
        const { counted, asked } = counting(memorySource(bytes.subarray(0, cut === 0 ? bytes.length : cut)));
        // Anything but a FlexInferError fails the property.
        await failureOrNone(readGguf(counted));
        expect(asked.bytes).toBeLessThanOrEqual(4 * Math.max(1, counted.sizeBytes));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a random llama', randomLlama()],
    ['a small file', small({ list: numbers('u32', [1, 2]), 'general.alignment': u32(32) })],
  ])('agrees with @huggingface/gguf on %s', async (_title, file) => {
    const folder = await mkdtemp(join(tmpdir(), 'flexinfer-gguf-'));
    try {
      const path = join(folder, 'model.gguf');
      await writeGguf(path, file);
      await using source = await openFileSource(path);

      const ours = await readGguf(source);
      const theirs = await gguf(path, { allowLocalFile: true });

      expect(ours.version).toBe(theirs.metadata.version);
      expect(BigInt(ours.dataOffset)).toBe(theirs.tensorDataOffset);
      expect(
        ours.tensors.map(({ name, shape, type, offset }) => ({ name, shape, type: tensorTypeId(type), offset })),
      ).toEqual(theirs.tensorInfos.map(({ name, shape, dtype, offset }) => ({ name, shape, type: dtype, offset })));
      const plain = Object.entries({ ...theirs.metadata }).filter(
        ([key, value]) => !['version', 'tensor_count', 'kv_count'].includes(key) && !Array.isArray(value),
      );
      for (const [key, value] of plain) expect([key, ours.metadata.get(key)]).toEqual([key, value]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
