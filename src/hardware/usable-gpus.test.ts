import { describe, expect, it } from 'vitest';
import type { GpuDevice } from './inventory.ts';
import { isUsable, usableGpus } from './usable-gpus.ts';

const card: GpuDevice = {
  index: 0,
  vendor: 'AMD',
  pciAddress: '0000:03:00.0',
  pciDeviceId: '744c',
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: {},
};
const inside: GpuDevice = { ...card, index: 1, pciAddress: '0000:10:00.0', integrated: true, memoryType: 'carveout' };

describe('usableGpus', () => {
  it('leaves out the GPU in the processor beside a card, and keeps it alone', () => {
    expect(usableGpus([card, inside])).toEqual([card]);
    expect(usableGpus([inside])).toEqual([inside]);
  });

  it('falls back on the GPU in the processor when the card is lost', () => {
    expect(usableGpus([{ ...card, health: 'lost' }, inside])).toEqual([inside]);
  });
});

describe('isUsable', () => {
  it('is true for a degraded card and false for one that is lost, unknown or given away', () => {
    expect(isUsable({ ...card, health: 'degraded' })).toBe(true);
    expect(isUsable({ ...card, health: 'lost' })).toBe(false);
    expect(isUsable({ ...card, health: 'unknown' })).toBe(false);
    expect(isUsable({ ...card, unusable: 'passed-through' })).toBe(false);
  });
});
