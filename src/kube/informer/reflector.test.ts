import { describe, expect, it } from 'vitest';
import { answer, hangUp, rawAnswer, status } from '../rest/api-server.fake.ts';
import {
  bookmark,
  END_OF_INITIAL,
  ended,
  eventually,
  expired,
  line,
  list,
  open,
  pod,
  queryOf,
  scene,
} from './informer-scene.fake.ts';

const never = AbortSignal.timeout(15_000);

describe('Reflector', () => {
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
});

describe('Reflector with WatchList', () => {
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
