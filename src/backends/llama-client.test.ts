import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineClient } from './engine.ts';
import { connectLlama } from './llama-client.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) {
    await cleanUp();
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A client of a server that answers as the test says. */
async function clientOf(answer: Answer): Promise<EngineClient> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => {
      body += piece;
    });
    request.on('end', () => answer(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  const client = connectLlama(typeof address === 'object' && address !== null ? address.port : 0);
  cleanUps.push(() => client.close());
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const TOKENS = JSON.stringify({ tokens: [10, 11, 12, 11, 13] });
const LAST = { stop: true, stop_type: 'limit', tokens_predicted: 1, tokens_evaluated: 4 };

describe('connectLlama', () => {
  it.each([
    [200, 'ready'],
    [503, 'loading'],
    [500, 'failed'],
  ] as const)('takes status %s of /health for %s', async (status, expected) => {
    const client = await clientOf((_, response) => response.writeHead(status).end('{}'));

    expect(await client.health(soon())).toBe(expected);
  });

  it('takes a port where nothing listens, and a server that does not answer, for one that is still loading', async () => {
    const silent = await clientOf(() => {});
    const nobody = connectLlama(1);
    cleanUps.push(() => nobody.close());

    expect(await nobody.health(soon())).toBe('loading');
    expect(await silent.health(AbortSignal.timeout(50))).toBe('loading');
  });

  it('asks for a greedy generation from ordinary tokens, without cache and end of text, and learns them once', async () => {
    const seen: [string | undefined, unknown][] = [];
    const client = await clientOf((request, response, body) => {
      seen.push([request.url, JSON.parse(body)]);
      response.end(request.url === '/tokenize' ? TOKENS : `data: ${JSON.stringify(LAST)}\n\n`);
    });

    const first = await client.generate({ seed: 2, promptTokens: 4, outputTokens: 128, signal: soon() });
    await client.generate({ seed: 3, promptTokens: 4, outputTokens: 128, signal: soon() });

    expect(first).toMatchObject({ promptTokens: 4, outputTokens: 1, finish: 'length' });
    expect(seen.map(([path]) => path)).toEqual(['/tokenize', '/completion', '/completion']);
    expect(seen[1]?.[1]).toMatchObject({
      prompt: [12, expect.any(Number), expect.any(Number), expect.any(Number)],
      n_predict: 128,
      ignore_eos: true,
      cache_prompt: false,
      temperature: 0,
      seed: 2,
      stream: true,
    });
    expect(seen[2]?.[1]).toMatchObject({ prompt: [13, expect.any(Number), expect.any(Number), expect.any(Number)] });
  });

  it.each([
    [
      'an error status',
      (response: ServerResponse) => response.writeHead(400).end('{"error":{"message":"too long"}}'),
      'answered 400 to /completion: too long',
    ],
    [
      'a page',
      (response: ServerResponse) => response.writeHead(502).end('<html>bad</html>'),
      'answered 502 to /completion: <html>bad</html>',
    ],
    [
      'a connection that breaks',
      (response: ServerResponse) => {
        response.write('data: ');
        setImmediate(() => response.destroy());
      },
      'the connection to the engine broke',
    ],
  ])('says in one sentence what is wrong: %s', async (_, broken, expected) => {
    const client = await clientOf((request, response) => {
      if (request.url === '/tokenize') response.end(TOKENS);
      else broken(response);
    });

    const failure = client.generate({ seed: 1, promptTokens: 4, outputTokens: 1, signal: soon() });

    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining(expected) });
  });

  it('refuses to measure with a tokenizer that knows no two tokens', async () => {
    const client = await clientOf((_, response) => response.end('{"tokens":[5,5,-1,"x"]}'));

    const failure = client.generate({ seed: 1, promptTokens: 4, outputTokens: 1, signal: soon() });

    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });

  it('ends a generation with the reason of the one who stops it, and lets the engine know', async () => {
    const gone = Promise.withResolvers<void>();
    const client = await clientOf((request, response) => {
      if (request.url === '/tokenize') {
        response.end(TOKENS);
      } else {
        response.on('close', () => gone.resolve());
        response.write('data: {"tokens_predicted":1}\n\n');
        controller.abort(new Error('enough'));
      }
    });
    const controller = new AbortController();

    const failure = client.generate({ seed: 1, promptTokens: 4, outputTokens: 9, signal: controller.signal });

    await expect(failure).rejects.toThrow('enough');
    await gone.promise;
  });

  it('reads the counters of llama.cpp and of the embedded engine', async () => {
    const client = await clientOf((_, response) =>
      response.end(
        'llamacpp:tokens_predicted_total 12\nllamacpp:requests_processing 1\nllamacpp:requests_deferred 2\n',
      ),
    );
    const embedded = await clientOf((_, response) => response.end('embedded:tokens_predicted_total 7\n'));

    expect(await client.counters(soon())).toEqual({ generatedTokens: 12, requestsInFlight: 1, requestsWaiting: 2 });
    expect(await embedded.counters(soon())).toEqual({ generatedTokens: 7 });
  });

  it('has no counters when the engine has none', async () => {
    const off = await clientOf((_, response) =>
      response.writeHead(501).end('{"error":{"message":"start with --metrics"}}'),
    );
    const other = await clientOf((_, response) => response.end('something_else 1\n'));

    expect(await off.counters(soon())).toBeUndefined();
    expect(await other.counters(soon())).toBeUndefined();
  });
});
