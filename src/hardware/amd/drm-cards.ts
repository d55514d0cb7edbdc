import type { HostFiles } from '../host-files.ts';
import { normalizePciAddress } from '../pci/pci-address.ts';
import type { PciGpu } from '../pci/pci-gpu.ts';
import { parsePciNumber } from '../pci/pci-ids.ts';

const DRM = '/sys/class/drm';

/**
 * Device directory of every graphics card by PCI address. `card0` may be a server's management chip, and
 * `card1-DP-1` is a connector: cards are matched by address, never by number. Where neither the link nor `uevent`
 * gives one, as in a container that mounts only a part of sysfs, device ids are matched in order.
 */
export async function readDrmCards(
  files: HostFiles,
  expected: readonly PciGpu[],
): Promise<ReadonlyMap<string, string>> {
  const cards = new Map<string, string>();
  const nameless: string[] = [];
  const numbers = ((await files.list(DRM)) ?? []).flatMap((name) => /^card(\d+)$/.exec(name)?.[1] ?? []);
  for (const number of numbers.sort((a, b) => Number(a) - Number(b))) {
    const directory = `${DRM}/card${number}/device`;
    const address = (await slotName(files, directory)) ?? normalizePciAddress((await files.realName(directory)) ?? '');
    if (address === undefined) nameless.push(directory);
    else if (!cards.has(address)) cards.set(address, directory);
  }
  for (const directory of nameless) {
    const deviceId = parsePciNumber((await files.read(`${directory}/device`)).text)
      ?.toString(16)
      .padStart(4, '0');
    const owner = expected.find((gpu) => gpu.deviceId === deviceId && !cards.has(gpu.address));
    if (owner !== undefined) cards.set(owner.address, directory);
  }
  return cards;
}

async function slotName(files: HostFiles, directory: string): Promise<string | undefined> {
  const { text } = await files.read(`${directory}/uevent`);
  const slot = /^PCI_SLOT_NAME=(\S+)$/m.exec(text ?? '')?.[1];
  return slot === undefined ? undefined : normalizePciAddress(slot);
}
