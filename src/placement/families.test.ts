import { describe, expect, it } from 'vitest';
import { familyParts } from './families.ts';
import { A10, EPYC_8, XTX } from './testing/classes.ts';
import { cpuNode, gpuNode, requirement, snapshot } from './testing/fleet.ts';

const amd = gpuNode('amd', { gpuVendor: 'AMD', gpuClass: XTX });
const both = { ...cpuNode('both'), ...gpuNode('both') };

describe('familyParts', () => {
  it('takes a node with a GPU and a CPU on offer apart', () => {
    const parts = familyParts(snapshot([both, amd]), requirement());

    expect(parts.map(({ facts }) => facts.name)).toEqual(['nvidia/both', 'cpu/both', 'amd/amd']);
    expect(parts[0]?.facts).toMatchObject({ gpuClass: A10, gpus: [{ totalMiB: 22_731 }] });
    expect(parts[0]?.facts).not.toHaveProperty('cpuClass');
    expect(parts[1]?.facts).toMatchObject({ cpuClass: EPYC_8, gpus: [] });
    expect(parts[1]?.facts).not.toHaveProperty('gpuClass');
  });

  it('leaves out what the model may not run on', () => {
    const families = (accelerator: 'GPU' | 'CPU') =>
      familyParts(snapshot([both]), requirement({ accelerator })).map(({ family }) => family);

    expect(families('GPU')).toEqual(['nvidia']);
    expect(families('CPU')).toEqual(['cpu']);
  });

  it('makes no family of GPUs whose vendor is unknown', () => {
    const { gpuVendor: _vendor, ...unknown } = gpuNode('unknown');

    expect(familyParts(snapshot([unknown]), requirement())).toEqual([]);
  });
});
