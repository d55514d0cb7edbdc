import type { DeviceHolder } from './holders.ts';
import { wireFields } from './wire.ts';

/**
 * Reads the answer of `v1.PodResourcesLister/List`: pods, their containers, the devices of each.
 *
 *     ListPodResourcesResponse { repeated PodResources pod_resources = 1; }
 *     PodResources { string name = 1; string namespace = 2; repeated ContainerResources containers = 3; }
 *     ContainerResources { string name = 1; repeated ContainerDevices devices = 2; }
 *     ContainerDevices { string resource_name = 1; repeated string device_ids = 2; }
 *
 * Source: k8s.io/kubelet/pkg/apis/podresources/v1/api.proto. Unknown fields are passed over.
 *
 * @throws RangeError for bytes that are no such message
 */
export function parseListAnswer(message: Uint8Array): readonly DeviceHolder[] {
  const holders: DeviceHolder[] = [];
  for (const pod of nested(message, 1)) {
    const [name, namespace] = [text(pod, 1), text(pod, 2)];
    for (const container of nested(pod, 3)) {
      const containerName = text(container, 1);
      for (const devices of nested(container, 2)) {
        const owner = { namespace, pod: name, container: containerName, resource: text(devices, 1) };
        for (const id of nested(devices, 2)) holders.push({ ...owner, deviceId: decode(id) });
      }
    }
  }
  return holders;
}

function nested(message: Uint8Array, number: number): readonly Uint8Array[] {
  return [...wireFields(message)].flatMap((field) =>
    field.number === number && field.bytes !== undefined ? [field.bytes] : [],
  );
}

/** The last one wins where a field is given twice, as the format demands. */
function text(message: Uint8Array, number: number): string {
  const bytes = nested(message, number).at(-1);
  return bytes === undefined ? '' : decode(bytes);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
