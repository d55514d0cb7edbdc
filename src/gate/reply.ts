import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer that says no, in the shape of OpenAI's API. */
export interface Refusal {
  readonly status: number;
  readonly type: 'invalid_request_error' | 'server_error';
  readonly code: string;
  readonly message: string;
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusalBody(refusal: Refusal): string {
  const { message, type, code } = refusal;
  return JSON.stringify({ error: { message, type, param: refusal.param ?? null, code } });
}

export function sendJson(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

/**
 * Sends a refusal. Where the client may still be sending, the connection closes afterwards, but only when the client
 * has had time to read: a socket closed over unread bytes is reset and the answer is lost.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = refusalBody(refusal);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...refusal.headers,
  };
  if (request.complete) {
    response.writeHead(refusal.status, headers);
    response.end(body);
    return;
  }
  response.writeHead(refusal.status, { ...headers, connection: 'close' });
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once('end', end);
  request.once('close', end);
  request.resume();
}

const LINGER_MS = 1_000;
