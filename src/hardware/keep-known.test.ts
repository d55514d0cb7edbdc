import { describe, expect, it } from 'vitest';
import { keepKnown } from './keep-known.ts';
import type { FoundGpu } from './probe.ts';

const healthy: FoundGpu = {
  vendor: 'NVIDIA',
  pciAddress: '0000:17:00.0',
  pciDeviceId: '2330',
  product: 'NVIDIA H100 80GB HBM3',
  arch: 'sm_90',
  vramMiB: 81_559,
  memoryType: 'dedicated',
  integrated: false,
  mig: false,
  health: 'ok',
  readings: { temperatureCelsius: 40 },
};
const { product: _p, arch: _a, vramMiB: _v, ...bare } = healthy;
const lost: FoundGpu = { ...bare, pciDeviceId: '', memoryType: 'unknown', health: 'lost', readings: {} };

describe('keepKnown', () => {
  it('keeps what a lost card told before, but not its readings', () => {
    expect(keepKnown(lost, healthy)).toEqual({ ...healthy, health: 'lost', readings: {} });
  });

  it('keeps the memory of a card that stopped telling it', () => {
    const silent: FoundGpu = { ...bare, product: 'New name', memoryType: 'unknown', health: 'degraded' };

    expect(keepKnown(silent, healthy)).toMatchObject({ product: 'New name', vramMiB: 81_559, memoryType: 'dedicated' });
  });

  it('takes a healthy card at its word', () => {
    const divided: FoundGpu = { ...bare, mig: true };

    expect(keepKnown(divided, healthy)).toBe(divided);
  });

  it('knows nothing about another card in the same slot, or about a card given away', () => {
    const other: FoundGpu = { ...lost, pciDeviceId: '26b9' };
    const away: FoundGpu = { ...bare, health: 'unknown', unusable: 'passed-through' };

    expect(keepKnown(other, healthy)).toBe(other);
    expect(keepKnown(away, healthy)).toBe(away);
    expect(keepKnown(lost, undefined)).toBe(lost);
  });
});
