import { createServer, type ServerResponse } from 'node:http';

/**
 * A fake engine that does nothing but stream, in a process of its own. Every event has the size of a real one and the time it
 * was sent, in nanoseconds of the machine's monotonic clock, which all processes share. `tokens` and `everyMs` of the
 * question say how many and how fast; 0 is as fast as the connection takes them, each in a write of its own.
 */
const server = createServer((request, response) => {
  const body: Buffer[] = [];
  request.on('data', (piece: Buffer) => body.push(piece));
  request.on('end', () => {
    const { tokens, everyMs } = JSON.parse(Buffer.concat(body).toString()) as { tokens: number; everyMs: number };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.socket?.setNoDelay(true);
    void stream(response, tokens, everyMs);
  });
});

async function stream(response: ServerResponse, tokens: number, everyMs: number): Promise<void> {
  const started = performance.now();
  for (let index = 0; index < tokens && !response.destroyed; index++) {
    const full = !response.write(event());
    if (everyMs > 0) {
      // From the start, not from the last event, so that delays do not slow the stream down.
      const waitMs = started + (index + 1) * everyMs - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    } else if (full) {
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    } else {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  response.end('data: [DONE]\n\n');
}

function event(): string {
  return `data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":" token"}}],"created":1795625198,"id":"chatcmpl-4rLlVQoy6QF4qoAHLRWPL6tQpn3IeRi6","model":"engine-model","system_fingerprint":"b11434-79c1160b","object":"chat.completion.chunk","sent":"${process.hrtime.bigint()}"}\n\n`;
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('disconnect', () => process.exit());
