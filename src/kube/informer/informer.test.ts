import { describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../objects/object.ts';
import { resource } from '../objects/resource.ts';
import { answer, type Behaviour, FakeApiServer, hangUp, rawAnswer, status } from '../rest/api-server.fake.ts';
import { KubeClient } from '../rest/kube-client.ts';
import { fastClock } from '../time/fast-clock.fake.ts';
import { Informer, type InformerOptions } from './informer.ts';

const pods = resource('v1', 'Pod', 'pods');
const never = AbortSignal.timeout(15_000);

const pod = (name: string, resourceVersion: string, uid = name) => ({ metadata: { name, uid, resourceVersion } });
const list = (resourceVersion: string, ...items: object[]) => answer(200, { metadata: { resourceVersion }, items });
const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
const bookmark = (resourceVersion: string, annotations: object = {}) =>
  line('BOOKMARK', { metadata: { resourceVersion, annotations } });
const END_OF_INITIAL = { 'k8s.io/initial-events-end': 'true' };
const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' };

/** Sends these lines and leaves the stream open. */
const open =
  (...lines: readonly string[]): Behaviour =>
  (_, response) => {
    response.writeHead(200);
    response.write(lines.join(''));
  };
/** Sends these lines and ends the stream, as a server does when the time is over. */
const ended = (...lines: readonly string[]) => rawAnswer(200, lines.join(''));

interface Scene {
  readonly fake: FakeApiServer;
  readonly informer: Informer<KubeObject>;
  readonly told: readonly string[];
  readonly errors: readonly unknown[];
}

/** Runs an informer against these behaviours while `test` runs. */
async function scene(
  behaviours: readonly Behaviour[],
  test: (scene: Scene) => Promise<void>,
  options: InformerOptions<KubeObject> = {},
): Promise<void> {
  await using fake = await FakeApiServer.start();
  fake.next(...behaviours);
  const client = new KubeClient({ connection: fake.connection, clock: fastClock(40), random: () => 0 });
  const errors: unknown[] = [];
  const told: string[] = [];
  const onError = (error: unknown) => errors.push(error);
  const informer = new Informer(client, pods, { watchList: false, onError, ...options });
  const version = ({ metadata }: KubeObject) => `${metadata.name}@${metadata.resourceVersion}`;
  informer.addHandler({
    added: (object, initial) => told.push(`${initial ? 'initial' : 'added'} ${version(object)}`),
    changed: (object, before) => told.push(`changed ${version(before)} to ${version(object)}`),
    deleted: (object) => told.push(`deleted ${version(object)}`),
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  try {
    await test({ fake, informer, told, errors });
    expect(fake.unexpected).toEqual([]);
  } finally {
    stop.abort();
    await running;
    await client.close();
  }
}

const eventually = (assertion: () => void) => vi.waitFor(assertion, { timeout: 15_000, interval: 5 });

const queryOf = (fake: FakeApiServer, index: number) => Object.fromEntries(fake.received[index]?.query ?? []);

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

  it('goes on from the last event or bookmark when a watch ends or breaks, without a new list', () =>
    scene(
      [
        list('10'),
        ended(line('ADDED', pod('a', '11'))),
        ended(bookmark('20')),
        hangUp,
        open(line('ADDED', pod('b', '21'))),
      ],
      async ({ fake, informer }) => {
        await eventually(() => expect(informer.get('b')).toBeDefined());

        expect([1, 2, 3, 4].map((index) => queryOf(fake, index).resourceVersion)).toEqual(['10', '11', '20', '20']);
      },
    ));

  it('lists the newest state when its version is too old, and tells only what differs', () =>
    scene(
      [
        list('10', pod('a', '3'), pod('b', '4'), pod('c', '5', 'first c')),
        ended(line('ERROR', expired)),
        list('90', pod('b', '50'), pod('c', '60', 'second c'), pod('d', '70'), pod('a', '3')),
        open(),
      ],
      async ({ fake, informer, told }) => {
        await eventually(() => expect(informer.get('d')).toBeDefined());

        expect(told.slice(3).sort()).toEqual(['added c@60', 'added d@70', 'changed b@4 to b@50', 'deleted c@5']);
        expect(told.indexOf('deleted c@5')).toBeLessThan(told.indexOf('added c@60'));
        expect(queryOf(fake, 2)).toEqual({ limit: '500' });
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

  it('passes over no event that an index failed at', () => {
    let failures = 2;
    return scene(
      [
        list('10'),
        ended(line('ADDED', pod('a', '11'))),
        ended(line('ADDED', pod('a', '11'))),
        open(line('ADDED', pod('a', '11'))),
      ],
      async ({ fake, informer, errors }) => {
        await eventually(() => expect(informer.get('a')).toBeDefined());

        expect([1, 2, 3].map((index) => queryOf(fake, index).resourceVersion)).toEqual(['10', '10', '10']);
        expect(errors).toHaveLength(2);
      },
      {
        indexes: {
          fragile: () => {
            if (failures-- > 0) throw new Error('an index that fails');
            return [];
          },
        },
      },
    );
  });

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

  it('asks for the newest state when a list meets a server that lags', () =>
    scene(
      [
        status(504, 'Timeout', { details: { causes: [{ reason: 'ResourceVersionTooLarge' }], retryAfterSeconds: 1 } }),
        list('10', pod('a', '3')),
        open(),
      ],
      async ({ fake, informer }) => {
        await informer.waitForSync(never);

        expect([queryOf(fake, 0), queryOf(fake, 1)]).toEqual([
          { limit: '500', resourceVersion: '0' },
          { limit: '500' },
        ]);
      },
    ));

  it.each([
    ['a malformed event', ended('{"type":\n')],
    ['an event of 30 MB', ended(line('ADDED', { ...pod('x', '11'), fill: 'x'.repeat(30e6) }))],
  ])('lists again, no older than what it knows, after %s', (_, fault) =>
    scene([list('10'), fault, list('20', pod('a', '15')), open()], async ({ fake, informer, errors }) => {
      await eventually(() => expect(informer.get('a')).toBeDefined());

      expect(queryOf(fake, 2)).toEqual({ limit: '500', resourceVersion: '10' });
      expect(errors).toHaveLength(1);
    }),
  );

  it('begins an expired list of pages anew in one piece', () =>
    scene(
      [
        answer(200, { metadata: { resourceVersion: '5', continue: 'next' }, items: [pod('a', '1')] }),
        status(410, 'Expired'),
        answer(200, { metadata: { resourceVersion: '9' }, items: [pod('b', '2')] }),
        open(),
      ],
      async ({ fake, informer, told }) => {
        await informer.waitForSync(never);

        expect(told).toEqual(['initial b@2']);
        expect(queryOf(fake, 1)).toEqual({ limit: '500', continue: 'next' });
      },
    ));

  it('outlives failures of every kind at the beginning, and does not storm', () =>
    scene(
      [
        status(403, 'Forbidden'),
        rawAnswer(404, undefined),
        status(401, 'Unauthorized'),
        rawAnswer(200, 'no JSON'),
        list('10', pod('a', '3')),
        ended(),
        open(),
      ],
      async ({ fake, informer, errors }) => {
        await informer.waitForSync(never);
        await eventually(() => expect(fake.received).toHaveLength(7));

        // Four failed lists and a watch that ended at once.
        expect(errors).toHaveLength(5);
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

describe('Informer with WatchList', () => {
  it('publishes the initial events together and goes on with the same stream', () =>
    scene(
      [
        open(
          line('ADDED', pod('a', '3')),
          line('ADDED', pod('gone', '4')),
          line('DELETED', pod('gone', '5')),
          line('MODIFIED', pod('a', '6')),
          bookmark('10', END_OF_INITIAL),
          line('ADDED', pod('b', '11')),
        ),
      ],
      async ({ fake, informer, told }) => {
        await eventually(() => expect(informer.get('b')).toBeDefined());

        expect(told).toEqual(['initial a@6', 'added b@11']);
        expect(queryOf(fake, 0)).toMatchObject({
          sendInitialEvents: 'true',
          resourceVersionMatch: 'NotOlderThan',
          allowWatchBookmarks: 'true',
        });
        expect(queryOf(fake, 0)).not.toHaveProperty('resourceVersion');
      },
      { watchList: true },
    ));

  it('publishes nothing of a stream that breaks before its end, and begins anew', () =>
    scene(
      [
        (_, response) => {
          response.writeHead(200);
          response.write(line('ADDED', pod('a', '3')), () => response.destroy());
        },
        open(line('ADDED', pod('b', '4')), bookmark('10', END_OF_INITIAL)),
      ],
      async ({ informer, told }) => {
        await informer.waitForSync(never);

        expect(told).toEqual(['initial b@4']);
      },
      { watchList: true },
    ));

  it.each([
    ['refuses it', status(422, 'Invalid')],
    ['never ends the initial events', open(line('ADDED', pod('a', '3')), bookmark('4'))],
    ['fails at it', status(500, 'InternalError')],
  ])('lists and watches when the server %s', (_, fault) =>
    scene(
      [fault, list('10', pod('a', '3')), open(line('ADDED', pod('b', '11')))],
      async ({ informer, told }) => {
        await eventually(() => expect(informer.get('b')).toBeDefined());

        expect(told).toEqual(['initial a@3', 'added b@11']);
      },
      { watchList: true },
    ),
  );

  it('asks for the newest state after its version has expired', () =>
    scene(
      [
        ended(bookmark('10', END_OF_INITIAL)),
        ended(line('ERROR', expired)),
        open(line('ADDED', pod('a', '20')), bookmark('30', END_OF_INITIAL)),
      ],
      async ({ fake, informer }) => {
        await eventually(() => expect(informer.get('a')).toBeDefined());

        expect(queryOf(fake, 1)).toMatchObject({ resourceVersion: '10' });
        expect(queryOf(fake, 2)).not.toHaveProperty('resourceVersion');
      },
      { watchList: true },
    ));
});
