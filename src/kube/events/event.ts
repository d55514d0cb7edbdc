import type { KubeObject } from '../objects/object.ts';
import { type Resource, resource } from '../objects/resource.ts';

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** A part of the object, as `spec.containers{main}`. */
  readonly fieldPath?: string | undefined;
}

export type EventType = 'Normal' | 'Warning';

/** One thing that happened, before it is known whether it happened before. */
export interface Occurrence {
  readonly subject: EventSubject;
  readonly type: EventType;
  /** A short word in CamelCase, of a closed list. */
  readonly reason: string;
  readonly message: string;
}

/** `v1` Event, which `kubectl get events` and `kubectl describe` show. */
export interface CoreEvent extends KubeObject {
  readonly involvedObject: EventSubject;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
}

export const events: Resource<CoreEvent> = resource<CoreEvent>('v1', 'Event', 'events');

export function subjectOf(object: KubeObject): EventSubject {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion };
}
