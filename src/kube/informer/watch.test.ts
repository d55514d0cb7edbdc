import { describe, expect, it } from 'vitest';
import { resource } from '../objects/resource.ts';
import { type Behaviour, FakeApiServer, rawAnswer, status } from '../rest/api-server.fake.ts';
import { KubeClient } from '../rest/kube-client.ts';
import { fastClock } from '../time/fast-clock.fake.ts';
import { type WatchOptions, watch } from './watch.ts';

const pods = resource('v1', 'Pod', 'pods');
const signal = AbortSignal.timeout(15_000);

const event = (name: string, type = 'ADDED', more: object = {}) =>
  `${JSON.stringify({ type, object: { metadata: { name, uid: name, resourceVersion: '5' }, ...more } })}\n`;

/** Sends these pieces one by one, and then ends the stream, breaks it or leaves it open. */
function stream(pieces: readonly (string | Buffer)[], then: 'end' | 'break' | 'open'): Behaviour {
  return async (_, response) => {
    response.writeHead(200);
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    if (then === 'end') response.end();
    if (then === 'break') response.destroy();
  };
}

async function read(behaviour: Behaviour, options: Partial<WatchOptions> = {}, factor = 1) {
  await using fake = await FakeApiServer.start();
  fake.next(behaviour);
  const client = new KubeClient({ connection: fake.connection, clock: fastClock(factor) });
  const events: string[] = [];
  let failure: unknown;
  try {
    for await (const each of watch(client, pods, { signal, resourceVersion: '4', ...options })) {
      events.push(each.type === 'BOOKMARK' ? each.type : `${each.type} ${each.object.metadata.name}`);
    }
  } catch (error) {
    failure = error;
  } finally {
    await client.close();
  }
  return { events, failure, query: fake.received[0]?.query };
}

describe('watch', () => {
  it('asks for bookmarks, a time limit of 5 to 10 minutes and the version it goes on from', async () => {
    const { query } = await read(stream([], 'end'), { labelSelector: { a: 'b' }, fieldSelector: 'spec.nodeName=n' });

    expect(Object.fromEntries(query ?? [])).toMatchObject({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: '4',
      labelSelector: 'a=b',
      fieldSelector: 'spec.nodeName=n',
    });
    expect(Number(query?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(query?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
  });

  it('puts a character together that was cut in two', async () => {
    const bytes = Buffer.from(event('ü'));
    const cut = bytes.indexOf(0xc3) + 1;

    const { events, failure } = await read(stream([bytes.subarray(0, cut), bytes.subarray(cut)], 'end'));

    expect([events, failure]).toEqual([['ADDED ü'], undefined]);
  });

  it.each([
    ['inside an event', Buffer.from(event('b')).subarray(0, 20)],
    ['inside a character', Buffer.from(event('ü')).subarray(0, Buffer.from(event('ü')).indexOf(0xc3) + 1)],
  ])('reports a stream cut %s, after the events before it', async (_, cut) => {
    for (const how of ['end', 'break'] as const) {
      const { events, failure } = await read(stream([event('a'), cut], how));

      expect(events).toEqual(['ADDED a']);
      expect(failure).toMatchObject({ reason: 'Interrupted' });
    }
  });

  it('reports malformed JSON', async () => {
    const { events, failure } = await read(stream([event('a'), '{"type":"ADD\n', event('b')], 'open'));

    expect(events).toEqual(['ADDED a']);
    expect(failure).toMatchObject({ reason: 'BadAnswer' });
  });

  it('refuses an event of 30 MB', async () => {
    const { events, failure } = await read(rawAnswer(200, event('a') + event('b', 'ADDED', { x: 'x'.repeat(30e6) })));

    expect(events).toEqual(['ADDED a']);
    expect(failure).toMatchObject({ reason: 'TooLarge' });
  });

  it('takes an event of 10 MB', async () => {
    const { events } = await read(rawAnswer(200, event('b', 'ADDED', { x: 'x'.repeat(10e6) })));

    expect(events).toEqual(['ADDED b']);
  });

  it('ends a stream of nothing but bookmarks when its time is over', async () => {
    const bookmark = `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } })}\n`;
    const endless: Behaviour = async (_, response) => {
      response.writeHead(200);
      while (!response.destroyed) {
        response.write(bookmark);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    const { events, failure } = await read(endless, { timeoutSeconds: 1 }, 50);

    expect(events.length).toBeGreaterThan(0);
    expect(failure).toMatchObject({ reason: 'DeadlineExceeded' });
  });

  it('ends a stream that has fallen silent', async () => {
    const { events, failure } = await read(stream([event('a')], 'open'), { silenceLimitMs: 10_000 }, 50);

    expect(events).toEqual(['ADDED a']);
    expect(failure).toMatchObject({ reason: 'DeadlineExceeded', message: 'watch of pods: nothing came for 10 s' });
  });

  it.each([401, 403, 404, 410, 422, 429, 500, 503])(
    'reports %i at the beginning, with and without a body',
    async (code) => {
      for (const behaviour of [status(code, 'Refused'), rawAnswer(code, undefined)]) {
        const { events, failure } = await read(behaviour);

        expect(events).toEqual([]);
        expect(failure).toMatchObject({ code });
      }
    },
  );

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const behaviour: Behaviour = (_, response) => {
      response.writeHead(200);
      response.write(event('a'), () => setTimeout(() => stop.abort(new Error('enough')), 10));
    };

    const { events, failure } = await read(behaviour, { signal: stop.signal });

    expect(events).toEqual(['ADDED a']);
    expect(failure).toEqual(new Error('enough'));
  });

  it('closes its connection when the reader stops reading', async () => {
    await using fake = await FakeApiServer.start();
    const closed = new Promise<void>((resolve) => {
      fake.next((_, response) => {
        response.on('close', resolve);
        response.writeHead(200);
        response.write(event('a'));
      });
    });
    const client = new KubeClient({ connection: fake.connection });

    for await (const _ of watch(client, pods, { signal, resourceVersion: '4' })) break;

    await expect(closed).resolves.toBeUndefined();
    await client.close();
  });
});
