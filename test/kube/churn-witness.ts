import { Informer, type InformerOptions } from '../../src/kube/informer/informer.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { type KubeObject, keyOf } from '../../src/kube/objects/object.ts';
import { compareResourceVersions } from '../../src/kube/objects/resource-version.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { KubeError } from '../../src/kube/rest/kube-error.ts';

/**
 * Follows ConfigMaps by an informer and, independently of its store, by what its handlers are told; notes everything
 * that handlers must never be told.
 */
export class ChurnWitness {
  readonly name: string;
  readonly violations: string[] = [];
  readonly failures = new Map<string, number>();
  readonly #client: KubeClient;
  readonly #options: InformerOptions<KubeObject>;
  readonly #informer: Informer<KubeObject>;
  /** As the handlers tell it. */
  readonly #told = new Map<string, KubeObject>();
  readonly #newest = new Map<string, string>();
  #events = 0;

  constructor(name: string, client: KubeClient, options: InformerOptions<KubeObject>) {
    this.name = name;
    this.#client = client;
    this.#options = options;
    this.#informer = new Informer(client, builtin.configMaps, {
      ...options,
      onError: (error) => this.#countFailure(error),
    });
    this.#informer.addHandler({
      added: (object) => {
        if (this.#told.has(keyOf(object.metadata))) this.#violation('added although present', object);
        this.#see(object);
      },
      changed: (object, before) => {
        if (this.#told.get(keyOf(object.metadata)) !== before) this.#violation('changed from an unknown state', object);
        this.#see(object);
      },
      deleted: (last) => {
        this.#events += 1;
        if (!this.#told.delete(keyOf(last.metadata))) this.#violation('deleted although absent', last);
        this.#newest.delete(last.metadata.uid);
      },
    });
  }

  get events(): number {
    return this.#events;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#informer.run(signal);
  }

  waitForSync(signal: AbortSignal): Promise<void> {
    return this.#informer.waitForSync(signal);
  }

  /** How what the informer holds and what the handlers were told differ from a fresh list; empty when they do not. */
  async differences(signal: AbortSignal): Promise<readonly string[]> {
    const { namespace, labelSelector } = this.#options;
    const { items } = await this.#client.listAll(builtin.configMaps, { namespace, labelSelector, signal });
    const fresh = new Map(items.map((each) => [keyOf(each.metadata), essence(each)]));
    const held = new Map(
      this.#informer
        .snapshot()
        .list()
        .map((each) => [keyOf(each.metadata), essence(each)]),
    );
    const told = new Map([...this.#told].map(([key, each]) => [key, essence(each)]));
    return [...differing('held', held, fresh), ...differing('told', told, fresh)];
  }

  #see(object: KubeObject): void {
    this.#events += 1;
    const { uid, resourceVersion } = object.metadata;
    const before = this.#newest.get(uid);
    if (before !== undefined && (compareResourceVersions(resourceVersion, before) ?? 1) <= 0) {
      this.#violation(`version ${resourceVersion} after ${before}`, object);
    }
    this.#newest.set(uid, resourceVersion);
    this.#told.set(keyOf(object.metadata), object);
  }

  #violation(what: string, object: KubeObject): void {
    this.violations.push(`${this.name}: ${keyOf(object.metadata)} ${what}`);
  }

  #countFailure(error: unknown): void {
    const kind = error instanceof KubeError ? error.reason : `unexpected ${String(error)}`;
    this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
  }
}

/** What must be equal; the order of fields differs between a list and a watch. */
function essence({ metadata, data }: KubeObject): string {
  const { uid, resourceVersion, labels } = metadata;
  return JSON.stringify([uid, resourceVersion, labels, data]);
}

function differing(
  what: string,
  ours: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
): readonly string[] {
  const keys = new Set([...ours.keys(), ...fresh.keys()]);
  return [...keys].filter((key) => ours.get(key) !== fresh.get(key)).map((key) => `${what} ${key}`);
}
