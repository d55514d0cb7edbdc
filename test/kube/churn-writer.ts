import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import type { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { hasReason, KubeError } from '../../src/kube/rest/kube-error.ts';
import { configMap } from './connect.ts';

export interface ChurnWrites {
  created: number;
  changed: number;
  deleted: number;
  /** Writes that failed because of the faults. What became of them is known only to the API server. */
  failed: number;
}

const MOST_AT_ONCE = 40;

/**
 * Creates, changes and deletes ConfigMaps in `namespaces` at a steady rate until the signal aborts, whatever happens
 * to the API server meanwhile.
 */
export async function writeSteadily(
  client: KubeClient,
  namespaces: readonly string[],
  options: { readonly perSecond: number; readonly population: number },
  signal: AbortSignal,
): Promise<ChurnWrites> {
  const writes: ChurnWrites = { created: 0, changed: 0, deleted: 0, failed: 0 };
  const alive: { namespace: string; name: string }[] = [];
  const inFlight = new Set<Promise<void>>();
  let serial = 0;
  const startedMs = performance.now();
  const call = { signal: new AbortController().signal, timeoutMs: 5_000 };

  const writeOne = async (): Promise<void> => {
    serial += 1;
    const roll = Math.random();
    const index = Math.floor(Math.random() * alive.length);
    const ref = alive[index];
    try {
      if (ref === undefined || (roll < 0.4 && alive.length < options.population)) {
        const namespace = namespaces[serial % namespaces.length] ?? 'default';
        const name = `churn-${serial}`;
        const labels = { parity: serial % 2 === 0 ? 'even' : 'odd' };
        const draft = configMap(namespace, name, { n: String(serial), fill: 'x'.repeat(500) });
        await client.create(builtin.configMaps, { ...draft, metadata: { ...draft.metadata, labels } }, call);
        alive.push({ namespace, name });
        writes.created += 1;
      } else if (roll < 0.75) {
        // Every tenth change moves the object in or out of the selection that one informer follows.
        const labels = serial % 10 === 0 ? { parity: roll < 0.6 ? 'even' : 'odd' } : undefined;
        await client.mergePatch(builtin.configMaps, ref, { metadata: { labels }, data: { n: String(serial) } }, call);
        writes.changed += 1;
      } else {
        alive.splice(index, 1);
        await client.delete(builtin.configMaps, ref, call);
        writes.deleted += 1;
      }
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // Another write was faster, or a lost answer hid that this one had succeeded.
      if (!hasReason(error, 'NotFound', 'AlreadyExists', 'Conflict')) writes.failed += 1;
    }
  };

  let started = 0;
  while (!signal.aborted) {
    const due = ((performance.now() - startedMs) / 1_000) * options.perSecond;
    // While the API server is away writes do not pile up, and are not made up for afterwards.
    while (started < due) {
      started += 1;
      if (inFlight.size >= MOST_AT_ONCE) continue;
      const write = writeOne();
      inFlight.add(write);
      const forget = () => inFlight.delete(write);
      write.then(forget, forget);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(inFlight);
  return writes;
}
