import type { Requirement } from './requirement.ts';
import type { FleetSnapshot, NodeFacts } from './snapshot.ts';

/** Kinds of devices that a pod is made for: its image and its device resource differ between them. Best known first. */
export const FAMILIES = ['nvidia', 'amd', 'cpu'] as const;
export type Family = (typeof FAMILIES)[number];

/** The devices of one family on one node, as a node of their own. */
export interface FamilyPart {
  readonly family: Family;
  readonly node: string;
  /** Named `FAMILY/NODE`. */
  readonly facts: NodeFacts;
}

/** Takes the nodes apart by family. GPUs of an unknown vendor have no family: no pod can be made for them. */
export function familyParts({ nodes }: FleetSnapshot, { accelerator }: Requirement): readonly FamilyPart[] {
  const parts: FamilyPart[] = [];
  const add = (family: Family, node: string, facts: NodeFacts) =>
    parts.push({ family, node, facts: { ...facts, name: `${family}/${node}` } });
  for (const node of nodes) {
    const { cpuClass, gpuClass: _gpuClass, ...withoutClasses } = node;
    const { cpuClass: _cpuClass, ...withoutCpu } = node;
    if (accelerator !== 'CPU' && node.gpus.length > 0 && node.gpuVendor !== undefined) {
      add(node.gpuVendor === 'NVIDIA' ? 'nvidia' : 'amd', node.name, withoutCpu);
    }
    if (accelerator !== 'GPU' && cpuClass !== undefined)
      add('cpu', node.name, { ...withoutClasses, cpuClass, gpus: [] });
  }
  return parts;
}
