import { isRecord, type KubeObject } from '../objects/object.ts';
import { apiVersionOf, type Resource } from '../objects/resource.ts';
import { KubeError } from './kube-error.ts';

/**
 * The object in an answer, checked as far as this client relies on it; all fields stay as they came. Items of a list
 * come without `apiVersion` and `kind`, so those are filled in.
 *
 * What lies beyond `metadata` is typed by the caller's `Resource`, on the word of the API server, which validates it.
 */
export function objectOfAnswer<T extends KubeObject>(value: unknown, resource: Resource<T>, what: string): T {
  if (!isRecord(value) || !isRecord(value.metadata) || typeof value.metadata.name !== 'string') {
    throw new KubeError(`${what}: the answer is not a ${resource.kind}`, { reason: 'BadAnswer' });
  }
  if (typeof value.kind === 'string' && typeof value.apiVersion === 'string') return value as unknown as T;
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...value } as unknown as T;
}

/** One page of a list. */
export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  /** The version of the whole list; a watch goes on from it. */
  readonly resourceVersion: string;
  /** Asks for the next page; `undefined` on the last. */
  readonly continueToken: string | undefined;
}

export function pageOfAnswer<T extends KubeObject>(value: unknown, resource: Resource<T>, what: string): ListPage<T> {
  const items: unknown = isRecord(value) ? (value.items ?? []) : undefined;
  const metadata: unknown = isRecord(value) ? value.metadata : undefined;
  if (!Array.isArray(items) || !isRecord(metadata)) {
    throw new KubeError(`${what}: the answer is not a list of ${resource.kind}`, { reason: 'BadAnswer' });
  }
  const { resourceVersion, continue: next } = metadata;
  return {
    items: items.map((item) => objectOfAnswer(item, resource, what)),
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    continueToken: typeof next === 'string' && next !== '' ? next : undefined,
  };
}
