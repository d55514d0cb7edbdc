import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { failureOfExit, parseSmiMessages } from './smi-message.ts';

describe('parseSmiMessages', () => {
  it('understands the captured refusals', () => {
    expect(parseSmiMessages(h100Capture('query-bad-field.csv'))).toEqual([
      { reason: 'unknown_field', field: 'not.a.field' },
    ]);
    expect(parseSmiMessages(h100Capture('query-bad-index.csv'))).toEqual([{ reason: 'no_devices' }]);
    expect(parseSmiMessages(h100Capture('query.csv'))).toEqual([]);
  });

  it.each([
    [
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
      'driver_not_loaded',
    ],
    ['Failed to initialize NVML: Driver/library version mismatch', 'library_mismatch'],
    ['Failed to initialize NVML: Unknown Error', 'nvml_unknown_error'],
    ['Failed to initialize NVML: Driver Not Loaded', 'driver_not_loaded'],
    ['Failed to initialize NVML: Insufficient Permissions', 'no_permission'],
    ["NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.", 'nvml_missing'],
    ['No devices were found', 'no_devices'],
    [
      'nvidia-smi: error while loading shared libraries: libc.so.6: cannot open shared object file',
      'tool_not_runnable',
    ],
  ])('understands %j', (text, reason) => {
    expect(parseSmiMessages(text)).toEqual([{ reason }]);
  });

  it.each([
    ['Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.  Reboot the system', '0000:02:00.0'],
    ['Unable to determine the device handle for GPU0000:CB:00.0: Unknown Error', '0000:cb:00.0'],
    ['Unable to determine the device handle for GPU1: 0000:34:00.0: Unknown Error', '0000:34:00.0'],
    ['Unable to determine the device handle for GPU1: Unknown Error', undefined],
  ])('finds the lost device in %j', (text, address) => {
    expect(parseSmiMessages(text)).toEqual([
      address === undefined ? { reason: 'device_lost' } : { reason: 'device_lost', address },
    ]);
  });

  it('finds every device of several warnings', () => {
    const text =
      'WARNING: infoROM is corrupted at gpu 0000:00:06.0\nWARNING: infoROM is corrupted at gpu 000A:00:00.0\n';

    expect(parseSmiMessages(text)).toEqual([
      { reason: 'inforom_corrupted', address: '0000:00:06.0' },
      { reason: 'inforom_corrupted', address: '000a:00:00.0' },
    ]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(parseSmiMessages(`Field "${text}\nUnable to determine the device handle ${text}`))).toBe(
          true,
        );
      }),
    );
  });
});

describe('failureOfExit', () => {
  it('leaves to the messages what concerns single devices', () => {
    expect(failureOfExit(9)).toBe('driver_not_loaded');
    expect(failureOfExit(14)).toBeUndefined();
    expect(failureOfExit(15)).toBeUndefined();
    expect(failureOfExit(0)).toBeUndefined();
  });
});
