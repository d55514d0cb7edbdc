import type { DeviceClass } from '../../api/device-class.ts';
import type { Requirement } from '../requirement.ts';
import type { NodeFacts } from '../snapshot.ts';
import { fitCpu } from './cpu-fit.ts';
import { fitGpus } from './gpu-fit.ts';
import type { Misfit } from './misfit.ts';

export type NodeFit =
  | {
      readonly fits: true;
      readonly on: 'gpu' | 'cpu';
      readonly deviceClass: DeviceClass | undefined;
      readonly warnings: readonly string[];
    }
  | ({ readonly fits: false } & Misfit);

/** What a class is refused for beside its hardware, such as its speed. */
export type ClassRule = (deviceClass: DeviceClass | undefined) => Misfit | undefined;

/**
 * Whether, and on what, a replica can run on a node: on its GPUs if it fits there, otherwise on its CPU if the model
 * allows that. Where only `fit: Warn` makes it fit, a fit without warnings is preferred. A refusal names the first
 * reason found on the GPUs, or on the CPU for a node without them.
 */
export function fitNode(requirement: Requirement, node: NodeFacts, rule: ClassRule = () => undefined): NodeFit {
  const { accelerator } = requirement;
  const onGpu = accelerator === 'CPU' ? undefined : attempt('gpu', requirement, node, rule);
  if (onGpu?.fits === true && onGpu.warnings.length === 0) return onGpu;
  const onCpu = accelerator === 'GPU' ? undefined : attempt('cpu', requirement, node, rule);
  if (onCpu?.fits === true && (onCpu.warnings.length === 0 || onGpu?.fits !== true)) return onCpu;
  if (onGpu === undefined || (!onGpu.fits && node.gpus.length === 0 && node.cpuClass !== undefined)) {
    return onCpu ?? onGpu ?? { fits: false, reason: 'NoGpu', detail: 'has no usable device' };
  }
  return onGpu;
}

function attempt(on: 'gpu' | 'cpu', requirement: Requirement, node: NodeFacts, rule: ClassRule): NodeFit {
  const { misfit, warnings } = on === 'gpu' ? fitGpus(requirement, node) : fitCpu(requirement, node);
  if (misfit !== undefined) return { fits: false, ...misfit };
  const deviceClass = on === 'gpu' ? node.gpuClass : node.cpuClass;
  const against = rule(deviceClass);
  return against === undefined ? { fits: true, on, deviceClass, warnings } : { fits: false, ...against };
}
