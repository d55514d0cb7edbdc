import { describe, expect, it } from 'vitest';
import { hostFiles } from '../host-files.ts';
import type { ProbeResult } from '../probe.ts';
import { h100Capture } from '../testing/captures.ts';
import { type HostTree, pciDevice } from '../testing/host-tree.ts';
import { installMachine } from '../testing/install-machine.ts';
import { bmcOnly, eightH100, passedThrough } from '../testing/machines.ts';
import { type PciScan, pciProbe } from './pci-scan.ts';

async function scan(tree: HostTree): Promise<ProbeResult<PciScan>> {
  await using machine = await installMachine({ tree });
  return await pciProbe.probe({ files: hostFiles(machine.options.hostRoot) });
}

/** The captured bus: `## address -> path`, then `attribute value` lines. */
function capturedBus(): HostTree {
  const devices = h100Capture('pci.txt').split(/^## /m).slice(1);
  return Object.assign(
    {},
    ...devices.map((text) => {
      const value = (name: string): string => new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? '';
      const driver = value('driver');
      return pciDevice({
        address: text.slice(0, text.indexOf(' ')),
        vendor: value('vendor'),
        device: value('device'),
        classCode: value('class'),
        revision: value('revision'),
        ...(driver === '' ? {} : { driver }),
      });
    }),
  );
}

describe('the PCI scan', () => {
  it('finds the one GPU of the captured machine among its virtual devices', async () => {
    const { value, problems } = await scan(capturedBus());

    expect(problems).toEqual([]);
    expect(value).toEqual({
      readable: true,
      gpus: [
        { address: '0000:00:06.0', vendor: 'NVIDIA', deviceId: '2330', revision: 'a1', driver: 'nvidia', lost: false },
      ],
    });
  });

  it('counts eight GPUs on a board with four switches of the same maker', async () => {
    expect((await scan(eightH100.tree)).value.gpus).toHaveLength(8);
  });

  it('ignores a management chip, an audio function, a processor and another maker', async () => {
    const { value } = await scan({
      ...bmcOnly.tree,
      ...pciDevice({ address: '0000:01:00.1', vendor: '0x10de', device: '0x22ba', classCode: '0x040300' }),
      ...pciDevice({ address: '0000:00:08.0', vendor: '0x1022', device: '0x14e0', classCode: '0x120000' }),
      ...pciDevice({ address: '0000:00:02.0', vendor: '0x8086', device: '0x4680', classCode: '0x030000' }),
    });

    expect(value.gpus).toEqual([]);
  });

  it.each(['0x030000', '0x030200', '0x038000', '0x120000', '0x0b4000'])(
    'takes class %s for a GPU',
    async (classCode) => {
      const { value } = await scan(
        pciDevice({ address: '0000:03:00.0', vendor: '0x1002', device: '0x74a1', classCode }),
      );

      expect(value.gpus).toHaveLength(1);
    },
  );

  it('keeps a GPU that was handed to a virtual machine, with its driver', async () => {
    expect((await scan(passedThrough.tree)).value.gpus.map((gpu) => gpu.driver)).toEqual(['vfio-pci', 'nvidia']);
  });

  it('takes a function whose vendor reads as ones for a lost GPU when its driver tells whose it is', async () => {
    const gone = { vendor: '0xffff', device: '0xffff', classCode: '0xffffff' };
    const { value, problems } = await scan({
      ...pciDevice({ address: '0000:03:00.0', ...gone, driver: 'amdgpu' }),
      ...pciDevice({ address: '0000:04:00.0', ...gone, driver: 'mlx5_core' }),
    });

    expect(value.gpus).toEqual([
      { address: '0000:03:00.0', vendor: 'AMD', deviceId: '', driver: 'amdgpu', lost: true },
    ]);
    expect(problems.map((problem) => [problem.reason, problem.device])).toEqual([
      ['function_lost', '0000:03:00.0'],
      ['function_lost', '0000:04:00.0'],
    ]);
  });

  it('does not wake a sleeping card to see whether it is still there', async () => {
    const { value } = await scan(
      pciDevice({
        address: '0000:03:00.0',
        vendor: '0x1002',
        device: '0x744c',
        classCode: '0x030000',
        config: new Uint8Array(64).fill(0xff),
        files: { 'power/runtime_status': 'suspended\n' },
      }),
    );

    expect(value.gpus.map((gpu) => gpu.lost)).toEqual([false]);
  });

  it('skips an entry that vanished after it was listed, and one with nonsense in it', async () => {
    const { value, problems } = await scan({
      '/sys/bus/pci/devices/0000:03:00.0': { link: '../../../devices/gone' },
      '/sys/bus/pci/devices/0000:04:00.0/vendor': 'what\n',
      '/sys/bus/pci/devices/not-an-address/vendor': '0x10de\n',
    });

    expect(value.gpus).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('says that there was no bus to look at', async () => {
    expect((await scan({})).value).toEqual({ gpus: [], readable: false });
  });
});
