import { isRecord, type KubeObject } from '../objects/object.ts';
import type { Resource } from '../objects/resource.ts';
import { objectOfAnswer } from '../rest/answer.ts';
import { errorOfStatus, KubeError } from '../rest/kube-error.ts';

/** What a watch reports. A bookmark only says that everything up to its version has been sent. */
export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * Reads one line of a watch stream.
 *
 * @throws KubeError that of the server for an ERROR event, `BadAnswer` for anything that is not an event
 */
export function parseWatchEvent<T extends KubeObject>(line: string, resource: Resource<T>): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw badEvent(resource, `is not JSON: ${line.slice(0, 100)}`, error);
  }
  if (!isRecord(event) || !isRecord(event.object)) throw badEvent(resource, `has no object: ${line.slice(0, 100)}`);
  const { type, object } = event;
  if (type === 'ERROR') throw errorOfStatus(object, 0, undefined, `watch of ${resource.plural}`);
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
    return { type, object: objectOfAnswer(object, resource, `watch of ${resource.plural}`) };
  }
  if (type !== 'BOOKMARK') throw badEvent(resource, `has the unknown type ${JSON.stringify(type)}`);
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  if (typeof metadata.resourceVersion !== 'string') throw badEvent(resource, 'is a bookmark without a version');
  const annotations = isRecord(metadata.annotations) ? metadata.annotations : {};
  return {
    type: 'BOOKMARK',
    resourceVersion: metadata.resourceVersion,
    initialEventsEnd: annotations[INITIAL_EVENTS_END] === 'true',
  };
}

function badEvent(resource: Resource, what: string, cause?: unknown): KubeError {
  return new KubeError(`an event of the watch of ${resource.plural} ${what}`, { reason: 'BadAnswer', cause });
}
