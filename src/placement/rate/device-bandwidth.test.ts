import { describe, expect, it } from 'vitest';
import { A10, deviceClass, EPYC_8, EPYC_16, H100, ODD, T4, XTX } from '../testing/classes.ts';
import { GPU_PRODUCTS } from './bandwidth.data.ts';
import { deviceBandwidth } from './device-bandwidth.ts';

function gigabytes(name: string): number | undefined {
  const bandwidth = deviceBandwidth(deviceClass(name));
  return bandwidth === undefined ? undefined : bandwidth / 1e9;
}

describe('deviceBandwidth', () => {
  it('knows cards by the words of their product', () => {
    expect([H100, A10, T4, XTX].map(gigabytes)).toEqual([3350, 600, 320, 960]);
  });

  it('tells products apart that begin alike', () => {
    expect(gigabytes('nvidia.geforce-rtx-4070.sm_89.11g')).toBe(504);
    expect(gigabytes('nvidia.geforce-rtx-4070-ti-super.sm_89.15g')).toBe(672);
    expect(gigabytes('amd.radeon-rx-7900-xt.gfx1100.19g')).toBe(800);
    expect(gigabytes('nvidia.l40s.sm_89.44g')).toBe(864);
    expect(gigabytes('nvidia.l4.sm_89.22g')).toBe(300);
  });

  it('tells one name with two memories apart', () => {
    expect(gigabytes('nvidia.geforce-rtx-3060.sm_86.7g')).toBe(240);
    expect(gigabytes('nvidia.geforce-rtx-3060.sm_86.11g')).toBe(360);
  });

  it.each([
    ODD,
    'nvidia.geforce-rtx-4090-laptop-gpu.sm_89.15g',
    'nvidia.geforce-rtx-4090-d.sm_89.23g',
    'nvidia.a100-sxm4-40gb-mig-1g-5gb.sm_80.4g',
    'amd.geforce-rtx-4090.gfx1100.23g',
    'my-own-class',
    'cpu.ampere-altra.arm64.80c',
  ])('does not guess what %s has', (name) => {
    expect(gigabytes(name)).toBeUndefined();
  });

  it('orders CPUs by level and cores, up to what their memory delivers', () => {
    const [v2 = 0, v3 = 0, v4 = 0] = ['v2', 'v3', 'v4'].map((level) => gigabytes(`cpu.x.${level}.8c`));

    expect(v2).toBeLessThan(v3);
    expect(v3).toBeLessThan(v4);
    expect(deviceBandwidth(EPYC_16)).toBeGreaterThan(deviceBandwidth(EPYC_8) ?? 0);
    expect(gigabytes('cpu.x.v4.128c')).toBe(gigabytes('cpu.x.v4.64c'));
  });

  it('lists no product twice, and each with its source', () => {
    const names = GPU_PRODUCTS.map(({ vendor, product, fromGiB }) => `${vendor} ${product} ${fromGiB ?? 0}`);

    expect(new Set(names).size).toBe(names.length);
    for (const row of GPU_PRODUCTS) {
      expect(row.source).toMatch(/^(NVIDIA|AMD) .{5}/);
      expect(row.product).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(
        gigabytes(`${row.vendor}.${row.product}.${row.vendor === 'amd' ? 'gfx1100' : 'sm_80'}.${row.fromGiB ?? 1}g`),
      ).toBe(row.gbPerSecond);
    }
  });
});
