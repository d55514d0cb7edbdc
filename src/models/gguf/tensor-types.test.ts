import { GGMLQuantizationType } from '@huggingface/gguf';
import { describe, expect, it } from 'vitest';
import { fileTypeName, removedTensorType, tensorType, tensorTypeId } from './tensor-types.ts';

describe('tensor types', () => {
  it('have the numbers and names that @huggingface/gguf knows', () => {
    const theirs = Object.entries(GGMLQuantizationType).filter(
      (entry): entry is [string, GGMLQuantizationType] => typeof entry[1] === 'number',
    );

    expect(theirs.length).toBeGreaterThan(30);
    for (const [name, id] of theirs) {
      expect([id, tensorType(id)?.name ?? removedTensorType(id)?.replace(/_(4|8)_(4|8)$/, '_$1_$2')]).toEqual([
        id,
        name,
      ]);
    }
  });

  it.each([
    ['Q4_0', 4.5],
    ['Q4_1', 5],
    ['Q8_0', 8.5],
    ['Q4_K', 4.5],
    ['Q6_K', 6.5625],
    ['IQ2_XXS', 2.0625],
    ['BF16', 16],
    ['MXFP4', 4.25],
    ['TQ1_0', 1.6875],
  ])('%s takes %d bits per weight, as llama.cpp documents', (name, bits) => {
    const type = tensorType(tensorTypeId(name) ?? -1);

    expect((Number(type?.blockBytes) * 8) / Number(type?.blockWeights)).toBe(bits);
  });

  it('names declared file types and no others', () => {
    expect(fileTypeName(3)).toBe('Q4_1');
    expect(fileTypeName(15)).toBe('Q4_K_M');
    expect(fileTypeName(33)).toBeUndefined();
  });
});
