import type { KubeObject, ObjectRef } from './object.ts';

/** One kind of object as the API server's paths name it. `T` is what its objects look like. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in paths: `pods`, `modeldeployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Never set: it only carries the type. */
  readonly objectType?: T;
}

/** Describes a kind: `resource('apps/v1', 'Deployment', 'deployments')`. */
export function resource<T extends KubeObject = KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
  scope: 'namespaced' | 'cluster' = 'namespaced',
): Resource<T> {
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
    plural,
    namespaced: scope === 'namespaced',
  };
}

/** `v1` or `apps/v1`, as in the field `apiVersion`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The path of all objects of a kind, in one namespace or, without one, in all. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  if (namespace === undefined) return `${root}/${resource.plural}`;
  if (!resource.namespaced) throw new TypeError(`${resource.kind} has no namespaces, yet one was given: ${namespace}`);
  return `${root}/namespaces/${segment('namespace', namespace)}/${resource.plural}`;
}

/** The path of one object or of a subresource of it (`status`, `scale`, `log` …). */
export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  if (resource.namespaced && ref.namespace === undefined) {
    throw new TypeError(`${resource.kind} ${ref.name} needs a namespace`);
  }
  const path = `${collectionPath(resource, ref.namespace)}/${segment('name', ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** The API server refuses such names as well, but only after a proxy on the way may have resolved the path. */
function segment(what: string, value: string): string {
  if (value === '' || value === '.' || value === '..' || /[/%]/.test(value)) {
    throw new TypeError(`${JSON.stringify(value)} cannot be the ${what} of a Kubernetes object`);
  }
  return encodeURIComponent(value);
}
