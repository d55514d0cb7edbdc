import { describe, expect, it } from 'vitest';
import type { GpuVendorName, Inventory } from './inventory.ts';
import { Hardware } from './probe-hardware.ts';
import { installMachine, type Machine } from './testing/install-machine.ts';

/** A card as the shared cases describe it; each vendor's fixture says it in its own driver's words. */
export interface ConformanceCard {
  readonly address: string;
  /** The vendor's own driver unless said otherwise. */
  readonly driver?: 'vfio-pci' | 'none';
  /** Answers only with ones on the bus. */
  readonly lost?: boolean;
  /** A device id that no table knows. */
  readonly unknownDevice?: boolean;
  /** Absent: the file or cell says that there is no value. */
  readonly temperatureCelsius?: number;
  readonly utilizationPercent?: number;
  readonly memoryUsedMiB?: number;
  readonly process?: { readonly pid: number; readonly memoryMiB: number };
}

export interface GpuVendorFixture {
  readonly vendor: GpuVendorName;
  readonly arch: string;
  readonly vramMiB: number;
  /** A machine with these cards. The source lists them in the order given, whatever their addresses. */
  readonly machine: (cards: readonly ConformanceCard[]) => Machine;
}

const FIRST = '0000:03:00.0';
const SECOND = '0000:83:00.0';

/** What every GPU vendor's probe does alike. Run by each vendor's own test with its own fixtures. */
export function describeGpuProbe(fixture: GpuVendorFixture): void {
  const healthy: Omit<ConformanceCard, 'address'> = {
    temperatureCelsius: 40,
    utilizationPercent: 25,
    memoryUsedMiB: 512,
  };
  const cards = (...more: readonly Partial<ConformanceCard>[]): Machine =>
    fixture.machine(more.map((card, index) => ({ address: index === 0 ? FIRST : SECOND, ...healthy, ...card })));

  async function probe(machine: Machine): Promise<Inventory> {
    await using installed = await installMachine(machine);
    // Without `await` here the machine would be gone before anybody looked.
    return await new Hardware(installed.options).probe();
  }

  describe(`the ${fixture.vendor} probe`, () => {
    it('describes a healthy card completely', async () => {
      const { gpus, problems } = await probe(cards({}));

      expect(problems).toEqual([]);
      expect(gpus).toHaveLength(1);
      expect(gpus[0]).toMatchObject({
        index: 0,
        vendor: fixture.vendor,
        pciAddress: FIRST,
        arch: fixture.arch,
        vramMiB: fixture.vramMiB,
        memoryType: 'dedicated',
        integrated: false,
        mig: false,
        health: 'ok',
        readings: { temperatureCelsius: 40, utilization: 0.25, memoryUsedMiB: 512 },
      });
      expect(gpus[0]?.product).toMatch(/\w/);
      expect(gpus[0]?.driverVersion).toMatch(/\d/);
    });

    it('finds nothing and complains of nothing where there is no such card', async () => {
      const { tree, ...rest } = cards();
      const { gpus, problems } = await probe({
        ...rest,
        tree: { ...tree, '/sys/devices/system/cpu/online': '0-15\n' },
      });

      expect(gpus).toEqual([]);
      expect(problems).toEqual([]);
    });

    it('numbers cards by address, in whatever order they are listed', async () => {
      const forwards = await probe(cards({}, { temperatureCelsius: 50 }));
      const backwards = await probe(cards({ address: SECOND, temperatureCelsius: 50 }, { address: FIRST }));

      const seen = (inventory: Inventory): unknown =>
        inventory.gpus.map((gpu) => [gpu.index, gpu.pciAddress, gpu.readings.temperatureCelsius]);
      expect(seen(forwards)).toEqual([
        [0, FIRST, 40],
        [1, SECOND, 50],
      ]);
      expect(seen(backwards)).toEqual(seen(forwards));
    });

    it('counts a card that was handed to a virtual machine, without memory or readings', async () => {
      const { gpus } = await probe(cards({ driver: 'vfio-pci' }, {}));

      expect(gpus[0]).toMatchObject({ index: 0, unusable: 'passed-through', health: 'unknown', readings: {} });
      expect(gpus[0]?.vramMiB).toBeUndefined();
      expect(gpus[1]).toMatchObject({ index: 1, health: 'ok', vramMiB: fixture.vramMiB });
    });

    it('counts a card without a driver and says that it has none', async () => {
      const { gpus, problems } = await probe(cards({ driver: 'none' }));

      expect(gpus[0]).toMatchObject({ pciAddress: FIRST, unusable: 'no-driver', health: 'unknown', readings: {} });
      expect(problems.map((problem) => problem.source)).toEqual([fixture.vendor.toLowerCase()]);
    });

    it('keeps the place of a card that fell off the bus, and the other card', async () => {
      const { gpus, problems } = await probe(cards({ lost: true }, {}));

      expect(gpus.map((gpu) => [gpu.index, gpu.pciAddress, gpu.health])).toEqual([
        [0, FIRST, 'lost'],
        [1, SECOND, 'ok'],
      ]);
      expect(gpus[0]?.readings).toEqual({});
      expect(problems).toContainEqual(expect.objectContaining({ reason: 'function_lost', device: FIRST }));
    });

    it('detects a card whose device id no table knows', async () => {
      const { gpus } = await probe(cards({ unknownDevice: true }));

      expect(gpus[0]).toMatchObject({ vendor: fixture.vendor, vramMiB: fixture.vramMiB, health: 'ok' });
    });

    it('leaves out one value that cannot be read and keeps the others', async () => {
      const machine = fixture.machine([{ address: FIRST, temperatureCelsius: 40, memoryUsedMiB: 512 }]);

      const { gpus } = await probe(machine);

      expect(gpus[0]?.readings).not.toHaveProperty('utilization');
      expect(gpus[0]?.readings).toMatchObject({ temperatureCelsius: 40, memoryUsedMiB: 512 });
    });

    it.each([
      ['utilizationPercent', 'utilization', 101],
      ['utilizationPercent', 'utilization', 4_294_967_295],
      ['utilizationPercent', 'utilization', -1],
      ['temperatureCelsius', 'temperatureCelsius', 511],
      ['temperatureCelsius', 'temperatureCelsius', 65_535],
    ] as const)('takes %s %s of %d for no value', async (field, reading, value) => {
      const { gpus } = await probe(cards({ [field]: value }));

      expect(gpus[0]?.readings).not.toHaveProperty(reading);
      expect(gpus[0]?.health).toBe('ok');
    });

    it('takes zero, and a temperature below zero, for values', async () => {
      const idle = await probe(cards({ temperatureCelsius: -5, utilizationPercent: 0, memoryUsedMiB: 0 }));

      expect(idle.gpus[0]?.readings).toMatchObject({ temperatureCelsius: -5, utilization: 0, memoryUsedMiB: 0 });
    });

    it('reads the same values quickly as it does when it describes the card', async () => {
      await using installed = await installMachine(cards({}, { utilizationPercent: 75 }));
      const hardware = new Hardware(installed.options);
      const { gpus } = await hardware.probe();

      const sample = await hardware.readGpus(gpus);

      expect(sample.problems).toEqual([]);
      expect(Object.fromEntries(sample.readings)).toEqual(
        Object.fromEntries(gpus.map((gpu) => [gpu.pciAddress, gpu.readings])),
      );
    });

    it('reads only the cards it is asked about', async () => {
      await using installed = await installMachine(cards({}, {}));
      const hardware = new Hardware(installed.options);
      const { gpus } = await hardware.probe();

      const sample = await hardware.readGpus(gpus.slice(1));

      expect([...sample.readings.keys()]).toEqual([SECOND]);
    });

    it('names the processes on a card', async () => {
      await using installed = await installMachine(cards({}, { process: { pid: 4711, memoryMiB: 1002 } }));
      const hardware = new Hardware(installed.options);
      const { gpus } = await hardware.probe();

      const { processes, problems } = await hardware.gpuProcesses(gpus);

      expect(problems).toEqual([]);
      expect(processes).toEqual([expect.objectContaining({ pciAddress: SECOND, pid: 4711, memoryMiB: 1002 })]);
      expect((await hardware.gpuProcesses(gpus.slice(0, 1))).processes).toEqual([]);
    });

    it('gives the same answer twice', async () => {
      await using installed = await installMachine(cards({}, {}));
      const hardware = new Hardware(installed.options);

      const first = await hardware.probe();

      expect((await hardware.probe()).gpus).toEqual(first.gpus);
    });

    it('still counts every card when it is told to stop', async () => {
      await using installed = await installMachine(cards({}, {}));

      const { gpus } = await new Hardware(installed.options).probe(AbortSignal.abort());

      expect(gpus.map((gpu) => gpu.pciAddress)).toEqual([FIRST, SECOND]);
    });
  });
}
