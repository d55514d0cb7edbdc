import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Refusal } from './reply.ts';

/** Decides by a request's headers whether it may be served at all: `undefined` means yes. */
export type AccessRule = (request: IncomingMessage) => Refusal | undefined;

/** The key of `Authorization: Bearer`, or of `x-api-key` as clients of the Messages API send it. */
export function apiKeyRule(apiKey: string | undefined): AccessRule {
  if (apiKey === undefined) return () => undefined;
  const expected = digest(apiKey);
  return ({ headers }) => {
    const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    const other = headers['x-api-key'];
    const given = bearer ?? (typeof other === 'string' ? other : undefined);
    // Equal lengths whatever was given, so that the time tells nothing.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    return {
      status: 401,
      type: 'invalid_request_error',
      code: 'invalid_api_key',
      message: given === undefined ? 'this server asks for an API key as a bearer token' : 'the API key is wrong',
      headers: { 'www-authenticate': 'Bearer' },
    };
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Keeps other web pages out of a server that trusts everyone on this machine: a page may send requests to 127.0.0.1, and
 * may make its own name point there. Only for servers on loopback without a key; elsewhere a proxy may change names.
 */
export function browserRule(host: string, guarded: boolean, allowedOrigins: readonly string[]): AccessRule {
  if (!guarded) return () => undefined;
  return ({ headers }) => {
    const name = hostName(headers.host ?? '');
    if (!isLoopback(name) && name !== host.toLowerCase()) {
      return forbidden('host_not_allowed', 'this server answers only to the names of the loopback interface');
    }
    const { origin } = headers;
    const ours = origin === undefined || origin === `http://${headers.host}` || allowedOrigins.includes(origin);
    return ours ? undefined : forbidden('origin_not_allowed', 'pages of other origins may not use this server');
  };
}

/** Headers that let the pages of allowed origins read the answer. */
export function corsHeaders(request: IncomingMessage, allowed: readonly string[]): Record<string, string> | undefined {
  const { origin } = request.headers;
  if (origin === undefined || !allowed.includes(origin)) return undefined;
  return { 'access-control-allow-origin': origin, vary: 'origin' };
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

function hostName(host: string): string {
  return (/^\[(.+)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}

function forbidden(code: string, message: string): Refusal {
  return { status: 403, type: 'invalid_request_error', code, message };
}
