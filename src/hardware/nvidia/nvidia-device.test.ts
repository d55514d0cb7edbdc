import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Device } from '../testing/machines.ts';
import { describeRow, parseComputeCapability } from './nvidia-device.ts';

const row = (other: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({ ...h100Device, ...other }).map(([field, cell]) => [field, cell.replace(/ (MiB|W|%|MHz)$/, '')]),
  );

describe('describeRow', () => {
  it('takes the device id from the tool when the bus did not tell', () => {
    expect(describeRow(row(), undefined)?.gpu).toMatchObject({ pciDeviceId: '2330', memoryType: 'dedicated' });
  });

  it('knows unified parts by id or by name, and calls nothing else unified', () => {
    const orin = { name: 'Orin (nvgpu)', 'memory.total': '[N/A]', 'pci.device_id': '[N/A]' };

    expect(describeRow(row(orin), undefined)?.gpu).toMatchObject({
      memoryType: 'unified',
      integrated: true,
      health: 'ok',
    });
    expect(describeRow(row({ 'memory.total': '[N/A]' }), undefined)?.gpu).toMatchObject({
      memoryType: 'unknown',
      integrated: false,
      health: 'degraded',
    });
  });

  it('does not read a total of zero as no memory to speak of', () => {
    const described = describeRow(row({ 'memory.total': '0' }), undefined);

    expect(described?.gpu).not.toHaveProperty('vramMiB');
    expect(described?.gpu.health).toBe('degraded');
  });

  it('is lost when any cell says so, whatever the others say', () => {
    const described = describeRow(row({ 'temperature.gpu': 'ERR!', 'power.draw': '[GPU is lost]' }), undefined);

    expect(described?.gpu.health).toBe('lost');
    expect(described?.problems.map((problem) => problem.reason)).toEqual(['device_error', 'device_lost']);
  });

  it.each([[{ 'pci.bus_id': '[N/A]' }], [{ index: 'WARNING' }], [{ index: '' }]])('is nothing for %j', (cells) => {
    expect(describeRow(row(cells), undefined)).toBeUndefined();
  });

  it('never throws and gives no number that is none, on arbitrary cells', () => {
    const fields = Object.keys(h100Device);
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.string(), (field, text) => {
        const described = describeRow(row({ [field]: text }), undefined);

        for (const value of [described?.gpu.vramMiB, ...Object.values(described?.gpu.readings ?? {})]) {
          expect(typeof value !== 'number' || Number.isFinite(value)).toBe(true);
        }
      }),
    );
  });
});

describe('parseComputeCapability', () => {
  it.each([
    ['9.0', 'sm_90'],
    ['8.9', 'sm_89'],
    ['12.1', 'sm_121'],
    ['[N/A]', undefined],
    ['9', undefined],
    ['0.0', undefined],
  ])('reads %s', (text, arch) => {
    expect(parseComputeCapability(text)).toBe(arch);
  });
});
