import type { IncomingHttpHeaders } from 'node:http';

/** Headers about one connection, not about the message: they end at the gate (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Never forwarded to an engine. Length and host are made anew; encodings would hide the model field; an `origin` makes
 * engines answer for other web pages; cookies of one port of a host are sent to all its ports.
 */
const NOT_FOR_ENGINES = ['host', 'content-length', 'expect', 'accept-encoding', 'origin', 'referer', 'cookie'];
const NOT_FOR_CLIENTS = ['content-length', 'set-cookie', 'server'];

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

function without(headers: Headers, dropped: readonly string[]): Record<string, string | string[]> {
  const connection = headers['connection'];
  const named = (typeof connection === 'string' ? connection : (connection ?? []).join(','))
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const drop = new Set([...HOP_BY_HOP, ...named, ...dropped]);
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !drop.has(name)) kept[name] = typeof value === 'string' ? value : [...value];
  }
  return kept;
}

/** @param withKey whether the gate itself asks for a key, which is then none of the engine's business */
export function engineHeaders(headers: IncomingHttpHeaders, withKey: boolean): Record<string, string | string[]> {
  const kept = without(headers, withKey ? [...NOT_FOR_ENGINES, 'authorization', 'x-api-key'] : NOT_FOR_ENGINES);
  return { ...kept, 'accept-encoding': 'identity' };
}

/** Cross-origin permissions are the gate's to give, so the engine's are dropped too. */
export function clientHeaders(headers: Headers): Record<string, string | string[]> {
  const kept = without(headers, NOT_FOR_CLIENTS);
  return Object.fromEntries(Object.entries(kept).filter(([name]) => !name.startsWith('access-control-')));
}
