import type { IncomingMessage, ServerResponse } from 'node:http';

/** Ways in which a download goes wrong, as seen in the field or done by an attacker. */
export type Fault =
  /** A clean answer of that status; `retryAfter` is sent as the header of that name. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** The connection closes after so many bytes, with the full length announced or none. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly announced?: boolean; readonly etag?: string }
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** So many bytes, then silence for ever. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** One byte more than promised, chunked. */
  | { readonly kind: 'longer' }
  | { readonly kind: 'endless' }
  | { readonly kind: 'flip'; readonly at: number }
  /** 200 with everything, whatever range was asked for. */
  | { readonly kind: 'ignore-range' }
  /** 206 for another part than the one asked for. */
  | { readonly kind: 'wrong-range'; readonly start: number }
  | { readonly kind: 'range-without-header' }
  | { readonly kind: 'other-total'; readonly total: number }
  | { readonly kind: 'range-refused'; readonly total: number }
  | { readonly kind: 'etag'; readonly etag: string }
  | { readonly kind: 'gzip-encoded' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number };

export interface FaultContext {
  /** The honest content. */
  readonly bytes: Uint8Array;
  /** Origin of the storage server. */
  readonly storage: string;
}

export function respondWithFault(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
  context: FaultContext,
): void {
  const { bytes } = context;
  const start = Number(/^bytes=([0-9]+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = bytes.subarray(start);
  const partial = (from = start, total = bytes.length) =>
    request.headers.range === undefined
      ? { status: 200, headers: {} }
      : { status: 206, headers: { 'content-range': `bytes ${from}-${total - 1}/${total}` } };
  const send = (
    body: Uint8Array,
    { status, headers }: ReturnType<typeof partial>,
    more: Record<string, string> = {},
  ) => {
    response.writeHead(status, { ...headers, ...more });
    response.end(body);
  };
  const sendSome = (count: number, announced: boolean, then: () => void) => {
    const { status, headers } = partial();
    const etag = 'etag' in fault && fault.etag !== undefined ? { etag: fault.etag } : {};
    response.writeHead(status, { ...headers, ...etag, ...(announced && { 'content-length': rest.length }) });
    response.flushHeaders();
    response.write(rest.subarray(0, count), then);
  };
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status, fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter }).end();
      return;
    case 'cut':
      sendSome(fault.afterBytes, fault.announced !== false, () =>
        fault.announced === false ? response.end() : response.destroy(),
      );
      return;
    case 'reset':
      sendSome(fault.afterBytes, true, () => response.socket?.resetAndDestroy());
      return;
    case 'stall':
      sendSome(fault.afterBytes, true, () => undefined);
      return;
    case 'drip':
      return drip(fault.everyMs, rest, partial(), response);
    case 'longer':
      return send(
        Buffer.concat([rest, Buffer.from([0])]),
        { status: 200, headers: {} },
        { 'transfer-encoding': 'chunked' },
      );
    case 'endless':
      return endless(response);
    case 'flip':
      return send(flipped(bytes, fault.at).subarray(start), partial());
    case 'ignore-range':
      return send(bytes, { status: 200, headers: {} });
    case 'wrong-range':
      return send(bytes.subarray(fault.start), {
        status: 206,
        headers: { 'content-range': `bytes ${fault.start}-${bytes.length - 1}/${bytes.length}` },
      });
    case 'range-without-header':
      return send(rest, { status: 206, headers: {} });
    case 'other-total':
      return send(rest, partial(start, fault.total));
    case 'range-refused':
      response.writeHead(416, { 'content-range': `bytes */${fault.total}` }).end();
      return;
    case 'etag':
      return send(rest, partial(), { etag: fault.etag });
    case 'gzip-encoded':
      return send(rest, partial(), { 'content-encoding': 'gzip' });
    case 'redirect':
      response.writeHead(fault.status ?? 302, { location: fault.to.replace('{storage}', context.storage) }).end();
  }
}

function drip(
  everyMs: number,
  bytes: Uint8Array,
  head: { status: number; headers: object },
  response: ServerResponse,
): void {
  response.writeHead(head.status, { ...head.headers, 'content-length': bytes.length });
  let sent = 0;
  const timer = setInterval(() => {
    if (response.destroyed || sent >= bytes.length) clearInterval(timer);
    else response.write(bytes.subarray(sent, (sent += 1)));
  }, everyMs);
}

function endless(response: ServerResponse): void {
  response.writeHead(200);
  const block = Buffer.alloc(64 * 1024);
  const more = () => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', more);
  more();
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
