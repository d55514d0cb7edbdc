import { describe, expect, it } from 'vitest';
import { h100Section } from '../testing/captures.ts';
import { parseProcGpu, parseProcVersion } from './proc-driver.ts';

describe('parseProcGpu', () => {
  it('reads the captured card', () => {
    const text = h100Section('proc-nvidia.txt', '/proc/driver/nvidia/gpus/0000:00:06.0/information');

    expect(parseProcGpu(text)).toEqual({
      address: '0000:00:06.0',
      model: 'NVIDIA H100 80GB HBM3',
      uuid: 'GPU-00000000-1111-4222-8333-444444444401',
    });
  });

  it('leaves out a UUID that is not known yet', () => {
    const text =
      'Model: \t\t NVIDIA T4\nGPU UUID: \t GPU-????????-????-????-????-????????????\nBus Location: \t 0000:00:04.0\n';

    expect(parseProcGpu(text)).toEqual({ address: '0000:00:04.0', model: 'NVIDIA T4' });
  });

  it.each(['', 'Model: X\n', 'Bus Location: somewhere\n'])('is nothing without an address: %j', (text) => {
    expect(parseProcGpu(text)).toBeUndefined();
  });
});

describe('parseProcVersion', () => {
  it.each([
    [h100Section('proc-nvidia.txt', '/proc/driver/nvidia/version'), '580.159.04'],
    ['NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021\n', '470.57.02'],
    ['nothing of the kind', undefined],
  ])('reads %j', (text, version) => {
    expect(parseProcVersion(text)).toBe(version);
  });
});
