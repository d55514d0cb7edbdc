import { hostname } from 'node:os';
import type { Inventory } from '../hardware/inventory.ts';
import { probeHardware } from '../hardware/probe-hardware.ts';
import { defaultCacheDirectory, ModelStore } from '../models/model-store.ts';
import { type LocalDevice, localDevices } from './devices.ts';
import { RecordStore } from './record-store.ts';
import { makeStateFolder, stateDirectory } from './state-directory.ts';

/** This machine, as `up` and `bench` see it at their start. */
export interface Machine {
  readonly node: string;
  readonly inventory: Inventory;
  readonly devices: readonly LocalDevice[];
  readonly store: ModelStore;
  readonly records: RecordStore;
  readonly stateDirectory: string;
}

/** @throws FlexInferError STATE_UNUSABLE */
export async function openMachine(options: {
  readonly cacheDirectory?: string;
  readonly signal: AbortSignal;
}): Promise<Machine> {
  const state = stateDirectory();
  // Known before minutes of pulling and measuring are spent.
  await makeStateFolder(state);
  const inventory = await probeHardware({ signal: options.signal });
  return {
    node: hostname(),
    inventory,
    devices: localDevices(inventory),
    store: new ModelStore(options.cacheDirectory ?? defaultCacheDirectory(process.env)),
    records: new RecordStore(state),
    stateDirectory: state,
  };
}
