import { describe, expect, it } from 'vitest';
import { ended, eventually, line, list, open, pod, scene } from '../informer/informer-scene.fake.ts';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { controllerKey, feed } from './feed.ts';
import { WorkQueue } from './work-queue.ts';

const owned = (name: string, resourceVersion: string, owner: string, kind = 'Job') => {
  const reference = { apiVersion: 'batch/v1', kind, name: owner, uid: owner, controller: true };
  const object = pod(name, resourceVersion);
  return { metadata: { ...object.metadata, namespace: 'n', ownerReferences: [reference] } };
};

async function drained(queue: WorkQueue): Promise<readonly string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.get();
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

describe('feed', () => {
  it('adds the key of an object that came, changed or went', () =>
    scene(
      [
        list('10', pod('a', '1'), pod('b', '2')),
        ended(line('DELETED', pod('b', '11'))),
        open(line('ADDED', pod('c', '12'))),
      ],
      async ({ informer }) => {
        const queue = new WorkQueue({ clock: new ManualClock() });
        feed(queue, informer);
        await eventually(() => expect(informer.get('c')).toBeDefined());

        expect([...(await drained(queue))].sort()).toEqual(['a', 'b', 'c']);
      },
    ));

  it('wakes the old owner of a child as well as the new one, and nobody of another kind', () =>
    scene(
      [
        list('10', owned('a', '1', 'old'), owned('b', '2', 'other', 'ReplicaSet'), pod('c', '3')),
        open(line('MODIFIED', owned('a', '11', 'new'))),
      ],
      async ({ informer }) => {
        const queue = new WorkQueue({ clock: new ManualClock() });
        feed(queue, informer, controllerKey('batch', 'Job'));
        await eventually(() => expect(informer.get('n/a')?.metadata.resourceVersion).toBe('11'));

        expect(await drained(queue)).toEqual(['n/old', 'n/new']);
      },
    ));
});
