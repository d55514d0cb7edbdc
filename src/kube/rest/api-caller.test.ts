import { describe, expect, it } from 'vitest';
import type { ClusterConnection, Credentials } from '../config/cluster-connection.ts';
import { ApiCaller, type ApiCallerOptions, type RequestReport } from './api-caller.ts';
import { answer, FakeApiServer, hangUp, rawAnswer, status, stayMute } from './api-server.fake.ts';
import { KubeError } from './kube-error.ts';

const signal = AbortSignal.timeout(15_000);
const get = { method: 'GET', path: '/x' } as const;
const post = { method: 'POST', path: '/x', body: '{}', contentType: 'application/json' } as const;

async function withCaller(
  test: (caller: ApiCaller, fake: FakeApiServer) => Promise<void>,
  options: Partial<ApiCallerOptions> = {},
): Promise<void> {
  await using fake = await FakeApiServer.start();
  const caller = new ApiCaller({ connection: fake.connection, random: () => 0, ...options });
  try {
    await test(caller, fake);
    expect(fake.unexpected).toEqual([]);
  } finally {
    await caller.transport.close();
  }
}

describe('ApiCaller', () => {
  it('sends who it is and what it accepts', () =>
    withCaller(async (caller, fake) => {
      fake.next(answer(200, { a: 1 }));

      expect(await caller.json(get, { signal })).toEqual({ a: 1 });

      expect(fake.received[0]?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' });
    }));

  it('repeats a GET over broken connections and server errors', () =>
    withCaller(async (caller, fake) => {
      fake.next(hangUp, status(500, 'InternalError'), rawAnswer(503, undefined), answer(200, { ok: true }));

      expect(await caller.json(get, { signal })).toEqual({ ok: true });

      expect(fake.received).toHaveLength(4);
    }));

  it('does not repeat a POST that may have done its work', () =>
    withCaller(async (caller, fake) => {
      fake.next(hangUp);
      await expect(caller.json(post, { signal })).rejects.toMatchObject({ reason: 'Unreachable', neverSent: false });

      fake.next(status(500, 'InternalError'));
      await expect(caller.json(post, { signal })).rejects.toMatchObject({ code: 500 });
    }));

  it('repeats a POST that the server asks to repeat', () =>
    withCaller(async (caller, fake) => {
      fake.next(rawAnswer(429, '', { 'retry-after': '0' }), answer(201, { ok: true }));

      expect(await caller.json(post, { signal })).toEqual({ ok: true });
    }));

  it('gives up when the budget for retries is spent', () =>
    withCaller(
      async (caller, fake) => {
        fake.next(...Array.from({ length: 40 }, () => status(500, 'InternalError')));

        for (let request = 0; request < 4; request += 1) {
          await expect(caller.json(get, { signal })).rejects.toMatchObject({ code: 500 });
        }

        // Ten in reserve, hardly any earned by four requests.
        expect(fake.received).toHaveLength(4 + 10);
      },
      { random: () => 0 },
    ));

  it.each([200, 201])('calls an answer %i that is not JSON by its name', (code) =>
    withCaller(async (caller, fake) => {
      fake.next(rawAnswer(code, '<html>'));

      await expect(caller.json(get, { signal })).rejects.toMatchObject({ reason: 'BadAnswer' });
    }),
  );

  it('has a deadline for a server that accepts and never answers', () =>
    withCaller(async (caller, fake) => {
      fake.next(stayMute);

      const call = caller.json(get, { signal, timeoutMs: 50 });

      await expect(call).rejects.toMatchObject({ reason: 'DeadlineExceeded' });
    }));

  it('has a deadline for an answer that drips', () =>
    withCaller(async (caller, fake) => {
      fake.next(async (_, response) => {
        response.writeHead(200);
        while (!response.destroyed) {
          response.write(' ');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });

      const call = caller.json(get, { signal, timeoutMs: 100 });

      await expect(call).rejects.toMatchObject({ reason: 'DeadlineExceeded' });
    }));

  it('refuses an answer above the limit', () =>
    withCaller(
      async (caller, fake) => {
        fake.next(rawAnswer(200, `"${'x'.repeat(2_000)}"`));

        await expect(caller.json(get, { signal })).rejects.toMatchObject({ reason: 'TooLarge' });
      },
      { maxAnswerBytes: 1_000 },
    ));

  it('ends with the reason of the signal, before sending, while waiting and between attempts', () =>
    withCaller(async (caller, fake) => {
      const gone = new Error('the caller has gone');
      await expect(caller.json(get, { signal: AbortSignal.abort(gone) })).rejects.toBe(gone);

      const stop = new AbortController();
      fake.next(() => stop.abort(gone));
      await expect(caller.json(get, { signal: stop.signal })).rejects.toBe(gone);

      const later = new AbortController();
      fake.next((_, response) => {
        response.writeHead(429, { 'retry-after': '20' }).end(() => setTimeout(() => later.abort(gone), 20));
      });
      await expect(caller.json(get, { signal: later.signal })).rejects.toBe(gone);
    }));

  it('reports every attempt', async () => {
    const reports: RequestReport[] = [];
    await withCaller(
      async (caller, fake) => {
        fake.next(hangUp, status(404, 'NotFound'));

        await expect(caller.json(get, { signal })).rejects.toBeInstanceOf(KubeError);
      },
      { onRequest: (report) => reports.push(report) },
    );

    expect(reports.map(({ method, code }) => `${method} ${code}`)).toEqual(['GET 0', 'GET 404']);
  });

  it('waits for the rate limit, and lets a client with its own limit pass', async () => {
    await withCaller(
      async (caller, fake) => {
        fake.next(answer(200, 1), answer(200, 2));
        await caller.json(get, { signal });
        const waiting = new AbortController();
        const second = caller.json(get, { signal: waiting.signal });

        expect(await caller.withRateLimit(false).json(get, { signal })).toBe(2);
        waiting.abort(new Error('waited long enough'));

        await expect(second).rejects.toThrow('waited long enough');
      },
      { rateLimit: { perSecond: 0.001, burst: 1 } },
    );
  });

  describe('after a 401', () => {
    const renewing = (tokens: string[]): ClusterConnection['credentials'] => {
      let current: Credentials = { token: tokens.shift() };
      return {
        current: async () => current,
        refused: () => {
          const token = tokens.shift();
          if (token !== undefined) current = { token };
          return token !== undefined;
        },
      };
    };

    it('tries once more with credentials made anew, also for a POST', async () => {
      await using fake = await FakeApiServer.start();
      const caller = new ApiCaller({ connection: { ...fake.connection, credentials: renewing(['old', 'new']) } });
      fake.next(status(401, 'Unauthorized'), answer(201, { ok: true }));

      expect(await caller.json(post, { signal })).toEqual({ ok: true });

      expect(fake.received.map((each) => each.headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
      await caller.transport.close();
    });

    it('says so when those are refused as well', async () => {
      await using fake = await FakeApiServer.start();
      const caller = new ApiCaller({
        connection: { ...fake.connection, credentials: renewing(['a', 'b', 'c', 'd']) },
      });
      fake.next(status(401, 'Unauthorized'), rawAnswer(401, undefined));

      await expect(caller.json(get, { signal })).rejects.toMatchObject({ code: 401, reason: 'Unauthorized' });
      expect(fake.unexpected).toEqual([]);
      await caller.transport.close();
    });
  });
});
