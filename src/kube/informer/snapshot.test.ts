import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../objects/object.ts';
import { Snapshot } from './snapshot.ts';

interface Labelled extends KubeObject {
  readonly groups: readonly string[];
}

const object = (name: string, groups: readonly string[]): Labelled => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'a', uid: name, resourceVersion: '1' },
  groups,
});

const name = fc.constantFrom('x', 'y', 'z', 'w');
const change = fc.record({
  name,
  groups: fc.option(fc.array(fc.constantFrom('red', 'green', 'blue'), { maxLength: 3 }), { nil: undefined }),
});

describe('Snapshot', () => {
  it('finds by index exactly what a search would find, after any changes, and never changes itself', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const model = new Map<string, Labelled>();
        let snapshot = Snapshot.empty<Labelled>({ group: (each) => each.groups });
        const empty = snapshot;

        for (const { name, groups } of changes) {
          if (groups === undefined) {
            model.delete(name);
            snapshot = snapshot.without(`a/${name}`);
          } else {
            model.set(name, object(name, groups));
            snapshot = snapshot.with(object(name, groups));
          }
        }

        const names = (objects: readonly KubeObject[]) => objects.map((each) => each.metadata.name).sort();
        expect(names(snapshot.list())).toEqual(names([...model.values()]));
        for (const group of ['red', 'green', 'blue', 'none']) {
          const expected = [...model.values()].filter((each) => each.groups.includes(group));
          expect(names(snapshot.byIndex('group', group))).toEqual(names(expected));
        }
        expect([empty.size, empty.list(), empty.byIndex('group', 'red')]).toEqual([0, [], []]);
      }),
    );
  });

  it('finds by reference and by key', () => {
    const snapshot = Snapshot.empty<Labelled>().with(object('x', []));

    expect(snapshot.get('a/x')).toBe(snapshot.get({ namespace: 'a', name: 'x' }));
    expect(snapshot.get('a/x')?.metadata.name).toBe('x');
    expect(snapshot.get('b/x')).toBeUndefined();
  });

  it('says when there is no such index', () => {
    expect(() => Snapshot.empty().byIndex('colour', 'red')).toThrow('there is no index "colour"');
  });
});
