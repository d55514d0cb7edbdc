import type { Dispatcher } from 'undici';
import { type KubeObject, type ObjectDraft, type ObjectRef } from '../objects/object.ts';
import { collectionPath, objectPath, type Resource } from '../objects/resource.ts';
import type { TokenBucketOptions } from '../time/token-bucket.ts';
import { type ListPage, objectOfAnswer, pageOfAnswer } from './answer.ts';
import { ApiCaller, type ApiCallerOptions, type CallOptions } from './api-caller.ts';
import { isExpired } from './kube-error.ts';
import { queryString, selectorText } from './query.ts';

/** Which objects of a kind. */
export interface Selection {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | Readonly<Record<string, string>> | undefined;
  readonly fieldSelector?: string | Readonly<Record<string, string>> | undefined;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects per answer; default 500. Ignored by the server for `resourceVersion: '0'`. */
  readonly limit?: number;
  readonly continueToken?: string | undefined;
  /** Unset: the newest state. `'0'`: any state the server has at hand. Other: not older than that. */
  readonly resourceVersion?: string | undefined;
}

export interface ListAllOptions<T extends KubeObject> extends ListOptions {
  /** Applied to every object as its page comes, so that the pages need not be in memory whole. */
  readonly prepare?: (object: T) => T;
}

export interface WriteOptions extends CallOptions {
  /** Who owns the fields that are written. */
  readonly fieldManager?: string;
  /** The server goes through all motions and stores nothing. */
  readonly dryRun?: boolean;
  /** What to do about unknown and duplicate fields; the server's default is to drop them. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export interface PatchOptions extends WriteOptions {
  /** As `status` or `scale`. */
  readonly subresource?: string;
}

export interface ApplyOptions extends PatchOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager has set, instead of failing with `Conflict`. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** What happens to owned objects; default is that of the kind, mostly `Background`. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  /** Delete only this very object: `Conflict` when it has been replaced or changed. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

const LIST_PAGE = 500;

/**
 * The operations of the Kubernetes API on plain JSON. All methods throw `KubeError` (see `kube-error.ts` for its
 * reasons), or the reason of the caller's signal. One client per cluster; it is safe to share.
 */
export class KubeClient {
  readonly caller: ApiCaller;

  constructor(options: ApiCallerOptions | ApiCaller) {
    this.caller = options instanceof ApiCaller ? options : new ApiCaller(options);
  }

  /** Where objects go when nobody says otherwise. */
  get namespace(): string {
    return this.caller.transport.connection.namespace;
  }

  /** The same client and connections with a rate limit of its own. */
  withRateLimit(rateLimit: TokenBucketOptions | false): KubeClient {
    return new KubeClient(this.caller.withRateLimit(rateLimit));
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions & { readonly subresource?: string },
  ): Promise<T> {
    const path = objectPath(resource, ref, options.subresource);
    return objectOfAnswer(await this.caller.json({ method: 'GET', path }, options), resource, path);
  }

  /** One page of the objects of a kind. */
  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<ListPage<T>> {
    const path = collectionPath(resource, options.namespace);
    const query = queryString({
      ...selectionQuery(options),
      limit: options.limit ?? LIST_PAGE,
      continue: options.continueToken,
      resourceVersion: options.resourceVersion,
    });
    return pageOfAnswer(await this.caller.json({ method: 'GET', path: path + query }, options), resource, path);
  }

  /** All objects of a kind, page by page, as they were at one moment. */
  async *pages<T extends KubeObject>(resource: Resource<T>, options: ListOptions): AsyncGenerator<ListPage<T>> {
    let page = await this.list(resource, options);
    yield page;
    while (page.continueToken !== undefined) {
      // The version is part of the token; giving it again is an error.
      const { resourceVersion: _first, ...rest } = options;
      page = await this.list(resource, { ...rest, continueToken: page.continueToken });
      yield page;
    }
  }

  /** All objects of a kind at once. Begins anew, in one piece, when the pages expire while they are being read. */
  async listAll<T extends KubeObject>(resource: Resource<T>, options: ListAllOptions<T>): Promise<ListPage<T>> {
    const { prepare = (object) => object } = options;
    try {
      const items: T[] = [];
      let resourceVersion = '';
      for await (const page of this.pages(resource, options)) {
        for (const item of page.items) items.push(prepare(item));
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion, continueToken: undefined };
    } catch (error) {
      if (!isExpired(error) || options.limit === 0) throw error;
      const page = await this.list(resource, { ...options, limit: 0 });
      return { ...page, items: page.items.map(prepare) };
    }
  }

  async create<T extends KubeObject>(resource: Resource<T>, draft: ObjectDraft, options: WriteOptions): Promise<T> {
    const path = collectionPath(resource, resource.namespaced ? draftNamespace(draft) : undefined);
    const request = { method: 'POST', path: path + writeQuery(options), ...jsonBody(draft) } as const;
    return objectOfAnswer(await this.caller.json(request, options), resource, path);
  }

  /** Creates a subresource: `eviction`, `binding`, `token`. Returns what the server answers. */
  async createSubresource(
    resource: Resource,
    ref: ObjectRef,
    subresource: string,
    body: object,
    options: WriteOptions,
  ): Promise<unknown> {
    const path = objectPath(resource, ref, subresource) + writeQuery(options);
    return this.caller.json({ method: 'POST', path, ...jsonBody(body) }, options);
  }

  /** Replaces an object. With `metadata.resourceVersion` in it, only if nobody has changed it since. */
  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: PatchOptions): Promise<T> {
    const path = objectPath(resource, object.metadata, options.subresource);
    const request = { method: 'PUT', path: path + writeQuery(options), ...jsonBody(object) } as const;
    return objectOfAnswer(await this.caller.json(request, options), resource, path);
  }

  /**
   * Server-side apply: the fields of `draft`, and no others, become those of `fieldManager`; the object is created if
   * need be. With `metadata.resourceVersion` in it, only if nobody has changed it since.
   */
  async apply<T extends KubeObject>(resource: Resource<T>, draft: ObjectDraft, options: ApplyOptions): Promise<T> {
    const ref = { namespace: resource.namespaced ? draftNamespace(draft) : undefined, name: draft.metadata.name ?? '' };
    const query = writeQuery(options, { force: options.force });
    const body = jsonBody(draft, 'application/apply-patch+yaml');
    const path = objectPath(resource, ref, options.subresource);
    return objectOfAnswer(
      await this.caller.json({ method: 'PATCH', path: path + query, ...body }, options, true),
      resource,
      path,
    );
  }

  /** RFC 7386: fields that are there replace, `null` removes, lists are replaced whole. */
  async mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options: PatchOptions,
  ): Promise<T> {
    const path = objectPath(resource, ref, options.subresource);
    const body = jsonBody(patch, 'application/merge-patch+json');
    return objectOfAnswer(
      await this.caller.json({ method: 'PATCH', path: path + writeQuery(options), ...body }, options),
      resource,
      path,
    );
  }

  /** A merge patch of the status alone. */
  patchStatus<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    status: object,
    options: WriteOptions,
  ): Promise<T> {
    return this.mergePatch(resource, ref, { status }, { ...options, subresource: 'status' });
  }

  /** Deletes an object, or, when finalizers hold it, marks it for deletion. `NotFound` when there is none. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, preconditions } = options;
    const body = jsonBody({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy,
      gracePeriodSeconds,
      preconditions,
    });
    await this.caller.text({ method: 'DELETE', path: objectPath(resource, ref), ...body }, options);
  }

  /** Any other path, as `/readyz` or `/version`, as text. */
  getText(path: string, options: CallOptions): Promise<string> {
    return this.caller.text({ method: 'GET', path, accept: '*/*' }, options);
  }

  /** Opens an answer that goes on, as a log; ends with the signal. */
  openStream(path: string, options: CallOptions): Promise<Dispatcher.ResponseData['body']> {
    return this.caller.stream({ method: 'GET', path, accept: '*/*' }, options);
  }

  /** Breaks everything that still runs and closes all connections, also those of clients made from this one. */
  close(): Promise<void> {
    return this.caller.transport.close();
  }
}

/** The query parameters of a selection. */
export function selectionQuery({ labelSelector, fieldSelector }: Selection) {
  return {
    labelSelector: labelSelector === undefined ? undefined : selectorText(labelSelector),
    fieldSelector: fieldSelector === undefined ? undefined : selectorText(fieldSelector),
  };
}

function writeQuery(options: WriteOptions, more: { readonly force?: boolean | undefined } = {}): string {
  const { fieldManager, dryRun, fieldValidation } = options;
  return queryString({ fieldManager, fieldValidation, dryRun: dryRun === true ? 'All' : undefined, ...more });
}

function jsonBody(value: object, contentType = 'application/json') {
  return { body: JSON.stringify(value), contentType };
}

function draftNamespace(draft: ObjectDraft): string {
  const { namespace, name } = draft.metadata;
  if (namespace === undefined) throw new TypeError(`${draft.kind} ${name ?? ''} needs a namespace`);
  return namespace;
}
