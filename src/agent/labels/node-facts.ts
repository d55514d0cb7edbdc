import { ANNOTATIONS } from '../../api/names.ts';
import { parseQuantity } from '../../api/quantity.ts';
import type { LabelFacts } from '../../hardware/labels.ts';
import { isRecord, type KubeObject } from '../../kube/objects/object.ts';

/** What the Node object knows and the machine does not: the cores left for pods, and a class that a person chose. */
export function factsOfNode(node: KubeObject): LabelFacts {
  const status = isRecord(node.status) ? node.status : {};
  const allocatable = isRecord(status.allocatable) ? status.allocatable : {};
  const cores = typeof allocatable.cpu === 'string' ? parseQuantity(allocatable.cpu) : undefined;
  const deviceClass = node.metadata.annotations?.[ANNOTATIONS.deviceClass];
  return {
    ...(cores === undefined || cores < 0.1 ? {} : { allocatableCores: cores }),
    ...(deviceClass === undefined ? {} : { deviceClass }),
  };
}
