import { describe, expect, it } from 'vitest';
import { explainInventory } from './explain.ts';
import { type Access, Hardware } from './probe-hardware.ts';
import { installMachine, type Machine } from './testing/install-machine.ts';
import * as machines from './testing/machines.ts';

/** Sources by `device value`, as explained for a machine. */
async function explained(machine: Machine): Promise<Readonly<Record<string, readonly string[]>>> {
  await using installed = await installMachine(machine);
  const accesses: Access[] = [];
  const onAccess = (access: Access): void => void accesses.push(access);
  const inventory = await new Hardware({ ...installed.options, onAccess }).probe();
  return Object.fromEntries(
    explainInventory(inventory, accesses).map(({ device, value, from }) => [`${device} ${value}`, from]),
  );
}

describe('explainInventory', () => {
  it('names the tool for an NVIDIA card, and what told the memory of its slices', async () => {
    expect(await explained(machines.a100Mig)).toMatchObject({
      'cpu model': ['/proc/cpuinfo'],
      'gpu 0 vendor': ['/sys/bus/pci/devices/0000:3b:00.0/vendor', '/sys/bus/pci/devices/0000:3b:00.0/class'],
      'gpu 0 product': [expect.stringMatching(/^nvidia-smi --query-gpu=/)],
      'gpu 0 memory': ['nvidia-smi -q -x -i 0000:3b:00.0'],
    });
  });

  it("names the kernel's files for an AMD card, many alike as one", async () => {
    expect(await explained(machines.mi300xCpx)).toMatchObject({
      'gpu 0 arch': ['/sys/class/kfd/kfd/topology/nodes/*/properties'],
      'gpu 0 memory': ['/sys/class/kfd/kfd/topology/nodes/*/mem_banks/*/properties'],
      'gpu 0 driver': ['/proc/sys/kernel/osrelease'],
    });
  });

  it('names nothing that could not be read', async () => {
    const from = Object.values(await explained(machines.rx7900)).flat();

    expect(from).not.toContain('/sys/module/amdgpu/version');
    expect(from).toContain('/sys/class/drm/card0/device/mem_info_vram_total');
  });

  it('says what the kernel module knows when the tool is not there', async () => {
    expect(await explained({ tree: machines.oneH100.tree })).toMatchObject({
      'gpu 0 product': ['/proc/driver/nvidia/version', '/proc/driver/nvidia/gpus/0000:00:06.0/information'],
    });
  });
});
