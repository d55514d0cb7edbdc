import { describe, expect, it } from 'vitest';
import { type Behaviour, hangUp, status } from '../rest/api-server.fake.ts';
import { eventually, line, list, open, pod, queryOf, scene } from './informer-scene.fake.ts';

const never = AbortSignal.timeout(15_000);

describe('Informer', () => {
  it('lists any state at first, watches from there and tells of every change in order', () =>
    scene(
      [
        list('10', pod('a', '3'), pod('b', '4')),
        open(line('MODIFIED', pod('a', '11')), line('DELETED', pod('b', '12')), line('ADDED', pod('c', '13'))),
      ],
      async ({ fake, informer, told }) => {
        await informer.waitForSync(never);
        await eventually(() => expect(informer.get('c')).toBeDefined());

        expect(told).toEqual(['initial a@3', 'initial b@4', 'changed a@3 to a@11', 'deleted b@12', 'added c@13']);
        expect(queryOf(fake, 0)).toEqual({ limit: '500', resourceVersion: '0' });
        expect(queryOf(fake, 1)).toMatchObject({ watch: '1', resourceVersion: '10' });
        expect(informer.get('a')).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
      },
    ));

  it('never tells of an older object after a newer one', () =>
    scene(
      [
        list('10', pod('a', '10')),
        open(
          line('MODIFIED', pod('a', '12')),
          line('MODIFIED', pod('a', '11')),
          line('MODIFIED', pod('a', '12')),
          line('MODIFIED', pod('a', '13')),
        ),
      ],
      async ({ informer, told }) => {
        await eventually(() => expect(informer.get('a')?.metadata.resourceVersion).toBe('13'));

        expect(told).toEqual(['initial a@10', 'changed a@10 to a@12', 'changed a@12 to a@13']);
      },
    ));

  it('passes over the late deletion of an object that has a successor of its name', () =>
    scene(
      [
        list('10', pod('a', '9', 'second')),
        open(line('DELETED', pod('a', '8', 'first')), line('ADDED', pod('b', '11'))),
      ],
      async ({ informer, told }) => {
        await eventually(() => expect(informer.get('b')).toBeDefined());

        expect(told).toEqual(['initial a@9', 'added b@11']);
      },
    ));

  it('follows a cluster that was restored from a backup, as an end and a beginning', () =>
    scene(
      [
        list('100', pod('a', '90')),
        status(504, 'Timeout', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } }),
        list('50', pod('a', '40')),
        open(line('MODIFIED', pod('a', '51'))),
      ],
      async ({ informer, told }) => {
        await eventually(() => expect(informer.get('a')?.metadata.resourceVersion).toBe('51'));

        expect(told).toEqual(['initial a@90', 'deleted a@90', 'added a@40', 'changed a@40 to a@51']);
      },
    ));

  it('is harmed by no handler and by no reporter of errors', () =>
    scene(
      [list('10', pod('a', '3')), open(line('MODIFIED', pod('a', '11')), line('MODIFIED', pod('a', '12')))],
      async ({ informer, told }) => {
        informer.addHandler({
          added: () => {
            throw new Error('a handler that fails');
          },
          // oxlint-disable-next-line typescript/no-misused-promises -- what a careless caller does
          changed: async () => {
            throw new Error('a handler that rejects');
          },
        });

        await eventually(() => expect(informer.get('a')?.metadata.resourceVersion).toBe('12'));

        expect(told).toEqual(['initial a@3', 'changed a@3 to a@11', 'changed a@11 to a@12']);
      },
      {
        onError: () => {
          throw new Error('a reporter that fails');
        },
      },
    ));

  it('tells a late handler of all objects, and a removed one of nothing', () => {
    let sendMore = (): void => undefined;
    const later: Behaviour = (_, response) => {
      response.writeHead(200);
      response.flushHeaders();
      sendMore = () => response.write(line('ADDED', pod('b', '11')));
    };
    return scene([list('10', pod('a', '3')), later], async ({ fake, informer }) => {
      await informer.waitForSync(never);
      await eventually(() => expect(fake.received).toHaveLength(2));
      const told: string[] = [];
      const remove = informer.addHandler({
        added: ({ metadata }, initial) => told.push(`${metadata.name} ${initial}`),
      });
      remove();

      sendMore();
      await eventually(() => expect(informer.get('b')).toBeDefined());

      expect(told).toEqual(['a true']);
    });
  });

  it('keeps a snapshot as it was, down to the last field, while going on', () =>
    scene([list('10', pod('a', '3')), open(line('DELETED', pod('a', '11')))], async ({ informer }) => {
      await informer.waitForSync(never);
      const snapshot = informer.snapshot();
      const object = snapshot.get('a');
      await eventually(() => expect(informer.snapshot().size).toBe(0));

      expect(snapshot.size).toBe(1);
      expect(Object.isFrozen(object?.metadata)).toBe(true);
    }));

  it('transforms what it keeps and indexes that', () =>
    scene(
      [list('10', { ...pod('a', '3'), heavy: 'x' }), open(line('MODIFIED', { ...pod('a', '11'), heavy: 'y' }))],
      async ({ informer }) => {
        await eventually(() => expect(informer.get('a')?.metadata.resourceVersion).toBe('11'));

        expect(informer.get('a')).not.toHaveProperty('heavy');
        expect(informer.snapshot().byIndex('light', 'undefined')).toHaveLength(1);
      },
      {
        transform: ({ heavy: _heavy, ...rest }) => rest,
        indexes: { light: (object) => [String(object.heavy)] },
      },
    ));

  it('stops waiting for the first list when its caller does', () =>
    scene([hangUp, hangUp, hangUp, hangUp, hangUp, hangUp, hangUp, hangUp], async ({ informer }) => {
      const stop = new AbortController();
      const waiting = informer.waitForSync(stop.signal);
      stop.abort(new Error('enough'));

      await expect(waiting).rejects.toThrow('enough');
      await expect(informer.waitForSync(stop.signal)).rejects.toThrow('enough');
      expect(informer.hasSynced).toBe(false);
    }));
});
