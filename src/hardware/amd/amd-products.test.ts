import { describe, expect, it } from 'vitest';
import { AMD_PRODUCTS } from './amd-products.data.ts';
import { amdProduct } from './amd-products.ts';

describe('amdProduct', () => {
  it('tells apart cards that share a device id', () => {
    expect(amdProduct('744c', 'c8')).toBe('AMD Radeon RX 7900 XTX');
    expect(amdProduct('744c', 'cc')).toBe('AMD Radeon RX 7900 XT');
  });

  it('names an unlisted revision only when every listed one has that name', () => {
    expect(amdProduct('74a1', '07')).toBe('AMD Instinct MI300X');
    expect(amdProduct('74a1', undefined)).toBe('AMD Instinct MI300X');
    expect(amdProduct('744c', '01')).toBeUndefined();
    expect(amdProduct('fffe', '00')).toBeUndefined();
  });

  it('has each device id and revision once, in lower case', () => {
    const keys = AMD_PRODUCTS.map(([id, revision]) => `${id}:${revision}`);

    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => !/^[0-9a-f]{4}:[0-9a-f]{2}$/.test(key))).toEqual([]);
  });
});
