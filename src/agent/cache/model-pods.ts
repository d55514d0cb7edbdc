import { POD_LABELS } from '../../api/names.ts';
import { Informer } from '../../kube/informer/informer.ts';
import { builtin } from '../../kube/objects/builtin-resources.ts';
import { isRecord, type KubeObject } from '../../kube/objects/object.ts';
import type { KubeClient } from '../../kube/rest/kube-client.ts';

/** What the keeper wants to know about the pods of models on its node. */
export interface ModelPods {
  /** Pods that have not ended. `undefined`: not known, so none may be taken for absent. */
  readonly running: number | undefined;
  /** Whether one of them may be fetching its model at this moment. */
  readonly starting: boolean;
}

/** Follows the pods of models on one node. */
export class NodePods {
  readonly #informer: Informer<KubeObject>;

  constructor(client: KubeClient, nodeName: string, onError: (error: unknown) => void) {
    this.#informer = new Informer(client, builtin.pods, {
      fieldSelector: { 'spec.nodeName': nodeName },
      labelSelector: POD_LABELS.modelDeployment,
      transform: phaseOnly,
      onError,
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }

  get now(): ModelPods {
    if (!this.#informer.hasSynced) return { running: undefined, starting: true };
    const phases = this.#informer
      .snapshot()
      .list()
      .map(phaseOf)
      .filter((phase) => phase !== 'Succeeded' && phase !== 'Failed');
    return { running: phases.length, starting: phases.some((phase) => phase !== 'Running') };
  }
}

/** All that is kept of a pod. */
function phaseOnly(pod: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  const metadata = { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: pod.apiVersion, kind: pod.kind, metadata, status: { phase: phaseOf(pod) } };
}

function phaseOf(pod: KubeObject): string {
  const status = isRecord(pod.status) ? pod.status : {};
  return typeof status.phase === 'string' ? status.phase : 'Pending';
}
