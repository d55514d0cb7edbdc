import type { KubeObject, ObjectRef } from '../objects/object.ts';
import type { Resource } from '../objects/resource.ts';
import { sleep } from '../time/clock.ts';
import type { KubeClient, PatchOptions } from './kube-client.ts';
import { isConflict } from './kube-error.ts';

/** As client-go's default: five attempts, 10 ms apart, a little jitter. */
const ATTEMPTS = 5;
const PAUSE_MS = 10;

/**
 * Reads an object, lets `change` make a new one of it and writes that back, anew from the reading when somebody else
 * was faster. Fields that this program does not know go back as they came.
 *
 * @param change must not mutate its argument; returning it unchanged, or `undefined`, writes nothing
 * @returns the object as it is afterwards
 * @throws KubeError `Conflict` when five attempts were not enough, and everything else at once
 */
export async function readChangeWrite<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  change: (object: T) => T | undefined,
  options: PatchOptions,
): Promise<T> {
  const { clock, random } = client.caller;
  for (let attempt = 1; ; attempt += 1) {
    const before = await client.get(resource, ref, { signal: options.signal });
    const after = change(before);
    if (after === undefined || after === before) return before;
    try {
      return await client.update(resource, after, options);
    } catch (error) {
      if (!isConflict(error) || attempt >= ATTEMPTS) throw error;
    }
    await sleep(clock, PAUSE_MS * (1 + random() * 0.1), options.signal);
  }
}
