import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { PciGpu } from '../pci/pci-gpu.ts';
import type { HostTree } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { bmcAndGpu } from '../testing/machines.ts';
import { readDrmCards } from './drm-cards.ts';

const gpu = (address: string): PciGpu => ({ address, vendor: 'AMD', deviceId: '744c', lost: false });

async function cards(tree: HostTree, ...expected: readonly PciGpu[]): Promise<Record<string, string>> {
  await using machine = await installMachine({ tree });
  return Object.fromEntries(await readDrmCards(hostFiles(machine.options.hostRoot), expected));
}

describe('readDrmCards', () => {
  it('matches by address, past a management chip as card0 and past connectors', async () => {
    expect(await cards(bmcAndGpu.tree, gpu('0000:03:00.0'))).toEqual({
      '0000:02:00.0': '/sys/class/drm/card0/device',
      '0000:03:00.0': '/sys/class/drm/card1/device',
    });
  });

  it('matches by device id, in the order of the numbers, where no address can be had', async () => {
    const tree = {
      '/sys/class/drm/card10/device/device': '0x744c\n',
      '/sys/class/drm/card2/device/device': '0x744c\n',
      '/sys/class/drm/card1/device/device': '0x2000\n',
    };

    expect(await cards(tree, gpu('0000:03:00.0'), gpu('0000:83:00.0'))).toEqual({
      '0000:03:00.0': '/sys/class/drm/card2/device',
      '0000:83:00.0': '/sys/class/drm/card10/device',
    });
  });

  it('finds nothing without a graphics class', async () => {
    expect(await cards({}, gpu('0000:03:00.0'))).toEqual({});
  });
});
