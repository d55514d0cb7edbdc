import { statfs } from 'node:fs/promises';
import { messageOf } from '../../api/errors.ts';
import { type Clock, sleep } from '../../kube/time/clock.ts';
import { METRICS } from '../../metrics/catalogue.ts';
import type { MetricsRegistry } from '../../metrics/registry.ts';
import type { ModelStore } from '../../models/model-store.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ModelPods } from './model-pods.ts';
import { prepareCache } from './prepare-cache.ts';

export interface CacheKeeperOptions {
  readonly store: Pick<ModelStore, 'root' | 'list' | 'prune'>;
  readonly node: string;
  readonly pods: { readonly now: ModelPods; readonly run: (signal: AbortSignal) => Promise<void> };
  readonly registry: MetricsRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  /** Above this size models go, those that were not used for longest first; without it none ever does. */
  readonly limitBytes?: number | undefined;
  /** The group that the folder is given to; for tests, which may not be allowed to give it to the usual one. */
  readonly group?: number;
}

const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;
/** How long a model must have been unused to go, tried in this order until the cache is small enough. */
const PATIENCE_MS: readonly number[] = [7 * DAY_MS, DAY_MS, DAY_MS / 24];

/** Looks after the model cache of a node: rights, size, and what is in it. The only program that deletes from it. */
export class CacheKeeper {
  readonly #options: CacheKeeperOptions;
  readonly #bytes;
  readonly #free;
  readonly #models;
  readonly #pods;
  #complaint = '';

  constructor(options: CacheKeeperOptions) {
    this.#options = options;
    const { registry } = options;
    this.#bytes = registry.gauge(METRICS.modelCacheBytes);
    this.#free = registry.gauge(METRICS.modelCacheFree);
    this.#models = registry.gauge(METRICS.modelCacheModels);
    this.#pods = registry.gauge(METRICS.modelCachePods);
  }

  /** Works until the signal aborts; then resolves. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const following = this.#options.pods.run(signal);
    while (!signal.aborted) {
      await this.look();
      await sleep(this.#options.clock, LOOK_MS, signal).catch(() => undefined);
    }
    await following;
  }

  /** One look at the cache: prepares it, measures it, and makes room if need be. */
  async look(): Promise<void> {
    const { store, node, pods, group, log } = this.#options;
    try {
      await prepareCache(store.root, group);
      const total = await this.#measure();
      const { running, starting } = pods.now;
      this.#pods.set({ node }, running);
      if (!starting && total > (this.#options.limitBytes ?? Number.POSITIVE_INFINITY)) await this.#makeRoom(total);
      this.#complaint = '';
    } catch (error) {
      const complaint = messageOf(error);
      if (complaint !== this.#complaint)
        log.warn({ cache: store.root, err: complaint }, 'the model cache is in trouble');
      this.#complaint = complaint;
    }
  }

  /** @returns bytes in the cache */
  async #measure(): Promise<number> {
    const { store, node } = this.#options;
    const models = await store.list();
    // Models may share files, which then are there once.
    const files = new Map(models.flatMap((model) => model.files.map((file) => [file.sha256, file.sizeBytes])));
    const loose = await store.prune({ dryRun: true });
    const sizeOf = (kind: 'blob' | 'partial'): number =>
      sum(loose.removed.filter((item) => item.kind === kind).map((item) => item.sizeBytes));
    const sizes = { referenced: sum([...files.values()]), unreferenced: sizeOf('blob'), partial: sizeOf('partial') };
    for (const [state, bytes] of Object.entries(sizes)) this.#bytes.set({ node, state }, bytes);
    this.#models.set({ node }, models.length);
    const { bavail, bsize } = await statfs(store.root);
    this.#free.set({ node }, bavail * bsize);
    return sum(Object.values(sizes));
  }

  async #makeRoom(total: number): Promise<void> {
    let left = total;
    const { store, limitBytes = Number.POSITIVE_INFINITY, log } = this.#options;
    for (const unusedForMs of PATIENCE_MS) {
      const { removed, freedBytes } = await store.prune({ unusedForMs });
      const names = removed.map((item) => item.name);
      if (removed.length > 0) log.info({ removed: names, freedBytes, limitBytes }, 'made room in the model cache');
      left -= freedBytes;
      if (left <= limitBytes) break;
    }
    await this.#measure();
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
