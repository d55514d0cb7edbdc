import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../kube/time/clock.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { ModelStore } from '../../models/model-store.ts';
import { createLogger } from '../../runtime/logger.ts';
import { writeSmallModel } from '../testing/small-model.ts';
import { CacheKeeper } from './cache-keeper.ts';
import type { ModelPods } from './model-pods.ts';
import { CACHE_MODE, prepareCache } from './prepare-cache.ts';

const group = process.getgid?.() ?? 0;
const DAY_MS = 86_400_000;

describe('the cache folder of a node', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flexinfer-cache-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made, given to the group, and left alone when it is right', async () => {
    const path = join(folder, 'a', 'models');
    await prepareCache(path, group);
    const first = await stat(path);
    await prepareCache(path, group);

    expect(first.mode & 0o7777).toBe(CACHE_MODE);
    expect(first.gid).toBe(group);
    expect((await stat(path)).ctimeMs).toBe(first.ctimeMs);
  });

  it('is refused, with advice, when it is a file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, '');

    await expect(prepareCache(path, group)).rejects.toMatchObject({ code: 'CACHE_UNUSABLE', todo: /mode 2775/ });
  });

  describe('with models in it', () => {
    let store: ModelStore;
    let nowMs: number;
    let registry: MetricsRegistry;

    beforeEach(async () => {
      nowMs = Date.now();
      store = new ModelStore(join(folder, 'models'), { clock: { ...systemClock, wallMs: () => nowMs } });
      registry = new MetricsRegistry();
      await mkdir(join(folder, 'models'));
    });

    function keeper(pods: ModelPods, limitBytes?: number): CacheKeeper {
      const log = createLogger({ program: 'test', level: 'error' });
      const follow = { now: pods, run: async () => undefined };
      return new CacheKeeper({ store, node: 'n', pods: follow, registry, clock: systemClock, log, limitBytes, group });
    }

    it('is shown by size and number, also when it is empty', async () => {
      await keeper({ running: 2, starting: false }).look();

      const text = await registry.text();
      expect(text).toContain('flexinfer_model_cache_bytes{node="n",state="referenced"} 0');
      expect(text).toContain('flexinfer_model_cache_models{node="n"} 0');
      expect(text).toContain('flexinfer_model_cache_pods{node="n"} 2');
      expect(text).toMatch(/flexinfer_model_cache_free_bytes\{node="n"\} \d/);
    });

    it('says nothing about pods as long as they are unknown', async () => {
      await keeper({ running: undefined, starting: true }).look();

      expect(await registry.text()).not.toContain('flexinfer_model_cache_pods{');
    });

    it('loses a model that nobody has used for long when it is too large, and none without a limit', async () => {
      const { sizeBytes } = await writeSmallModel(store);
      nowMs += 30 * DAY_MS;

      await keeper({ running: 0, starting: false }).look();
      expect(await store.list()).toHaveLength(1);
      expect(await registry.text()).toContain(`state="referenced"} ${sizeBytes}`);

      await keeper({ running: 1, starting: true }, 10).look();
      expect(await store.list()).toHaveLength(1);

      await keeper({ running: 0, starting: false }, 10).look();
      expect(await store.list()).toEqual([]);
      expect(await registry.text()).toContain('flexinfer_model_cache_models{node="n"} 0');
    });
  });
});
