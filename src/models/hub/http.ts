import { isIP } from 'node:net';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { FlexInferError, messageOf } from '../../api/errors.ts';
import { cancelled } from '../cancelled.ts';
import type { Environment } from './credentials.ts';
import { parseRetryAfter, RetryBudget, type RetryPolicy, TransientFailure } from './retry.ts';

const MAX_REDIRECTS = 10;
const MAX_JSON_BYTES = 32 * 2 ** 20;
const CONNECT_TIMEOUT_MS = 10_000;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const RETRIED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const NOBODY_THERE: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Errors of using the client wrongly: another try would not help. */
const OUR_OWN_FAULT: ReadonlySet<string> = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'UND_ERR_INVALID_ARG']);

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Redirects to another origin are answered to the caller instead of followed. */
  readonly stayOnOrigin?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly url: URL;
  header(name: string): string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

export interface HubHttpOptions {
  readonly endpoint: URL;
  readonly token: string | undefined;
  readonly env: Environment;
  readonly policy: RetryPolicy;
  readonly nowMs: () => number;
}

/**
 * HTTP as a download client needs it. The token goes to the endpoint's own origin and nowhere else: storage behind a
 * redirect has its own signature in the address and must not see it.
 */
export class HubHttp implements AsyncDisposable {
  readonly policy: RetryPolicy;
  readonly #options: HubHttpOptions;
  readonly #dispatcher: Dispatcher;

  constructor(options: HubHttpOptions) {
    this.#options = options;
    this.policy = options.policy;
    const connect = { timeout: CONNECT_TIMEOUT_MS };
    const proxied = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => options.env[name]);
    this.#dispatcher = proxied ? new EnvHttpProxyAgent({ connect }) : new Agent({ connect });
  }

  get endpoint(): URL {
    return this.#options.endpoint;
  }

  get hasToken(): boolean {
    return this.#options.token !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** One request with redirects followed. Answers of every status are returned, except those worth another try. */
  async exchange(wanted: HttpRequest): Promise<HttpResponse> {
    let url = wanted.url;
    const visited = new Set<string>();
    for (;;) {
      if (visited.has(url.href) || visited.size > MAX_REDIRECTS) throw redirectLoop(url, visited.size);
      visited.add(url.href);
      const response = await this.#send(wanted, url);
      if (RETRIED.has(response.status)) throw await this.#transient(response);
      const location = REDIRECTS.has(response.status) ? response.header('location') : undefined;
      if (location === undefined) return response;
      const next = this.#redirectTarget(url, location);
      if (wanted.stayOnOrigin === true && next.origin !== url.origin) return response;
      await response.body.dump();
      url = next;
    }
  }

  /** Like {@link exchange}, tried again while failures may pass. */
  async request(wanted: HttpRequest): Promise<HttpResponse> {
    const budget = new RetryBudget(this.policy);
    for (;;) {
      try {
        return await this.exchange(wanted);
      } catch (error) {
        if (!(error instanceof TransientFailure)) throw error;
        await budget.pause(error, wanted.signal);
      }
    }
  }

  async readJson(response: HttpResponse): Promise<unknown> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of response.body) {
      const bytes = Buffer.from(part);
      size += bytes.length;
      if (size > MAX_JSON_BYTES) throw notAHub(response.url, `answers more than ${MAX_JSON_BYTES} bytes`);
      parts.push(bytes);
    }
    try {
      return JSON.parse(Buffer.concat(parts).toString('utf8'));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw notAHub(response.url, 'answers something that is no JSON');
    }
  }

  async #send(wanted: HttpRequest, url: URL): Promise<HttpResponse> {
    const headers: Record<string, string> = {
      'accept-encoding': 'identity',
      'user-agent': 'flexinfer',
      ...wanted.headers,
    };
    const token = this.#tokenFor(url);
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    try {
      const {
        statusCode,
        headers: received,
        body,
      } = await request(url, {
        method: wanted.method,
        headers,
        dispatcher: this.#dispatcher,
        headersTimeout: this.policy.stallMs,
        bodyTimeout: this.policy.stallMs,
        ...(wanted.signal !== undefined && { signal: wanted.signal }),
      });
      const header = (name: string) => {
        const value = received[name];
        return Array.isArray(value) ? value[0] : value;
      };
      return { status: statusCode, url, header, body };
    } catch (error) {
      throw networkFailure(error, url, wanted.signal);
    }
  }

  #tokenFor(url: URL): string | undefined {
    const { endpoint, token } = this.#options;
    if (url.origin !== endpoint.origin) return undefined;
    return url.protocol === 'https:' || isLoopback(url.hostname) ? token : undefined;
  }

  async #transient(response: HttpResponse): Promise<TransientFailure> {
    await response.body.dump();
    return new TransientFailure(`${shownUrl(response.url)} answered ${response.status}`, {
      retryAfterMs: parseRetryAfter(response.header('retry-after'), this.#options.nowMs()),
      rateLimited: response.status === 429,
    });
  }

  #redirectTarget(from: URL, location: string): URL {
    const next = URL.parse(location, from.href);
    if (next === null || !/^https?:$/.test(next.protocol)) {
      throw notAHub(from, 'redirects to something that is no web address');
    }
    if (from.protocol === 'https:' && next.protocol === 'http:') {
      throw refusedRedirect(from, next, 'without encryption');
    }
    if (isLinkLocal(next.hostname) && next.hostname !== this.#options.endpoint.hostname) {
      throw refusedRedirect(from, next, 'inside the machine or its cloud');
    }
    return next;
  }
}

/** Turns what undici throws into a failure that may pass or an error that will not. */
export function networkFailure(error: unknown, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return cancelled();
  if (!(error instanceof Error) || error instanceof TransientFailure || error instanceof FlexInferError) return error;
  const code = networkCode(error);
  if (code === undefined || OUR_OWN_FAULT.has(code)) return error;
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL/.test(code)) {
    return new FlexInferError('UNREACHABLE', `${shownUrl(url)}: its certificate is not trusted (${code})`, {
      cause: error,
      todo: 'set NODE_EXTRA_CA_CERTS to the certificate authority of your hub or proxy',
      terminal: true,
    });
  }
  const unreachable = NOBODY_THERE.has(code);
  const what = unreachable ? 'cannot be reached' : 'broke off';
  return new TransientFailure(`${shownUrl(url)} ${what} (${code})`, { cause: error, unreachable });
}

/** An address in messages: signed addresses carry credentials after the question mark. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

export function notAHub(url: URL, what: string): FlexInferError {
  return new FlexInferError('UNREACHABLE', `${shownUrl(url)} ${what}`, { todo: 'check HF_ENDPOINT', terminal: true });
}

function refusedRedirect(from: URL, to: URL, why: string): FlexInferError {
  return new FlexInferError('UNREACHABLE', `${shownUrl(from)} redirects to ${shownUrl(to)}, ${why}: refused`, {
    todo: 'check HF_ENDPOINT',
    terminal: true,
  });
}

function redirectLoop(url: URL, hops: number): FlexInferError {
  return new FlexInferError('UNREACHABLE', `${shownUrl(url)} is redirected in circles (${hops} times)`, {
    todo: 'check HF_ENDPOINT',
    terminal: true,
  });
}

function networkCode(error: Error): string | undefined {
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.cause instanceof Error) return networkCode(error.cause);
  // Connecting to a name with several addresses fails with one error for each.
  if (error instanceof AggregateError) {
    const codes = error.errors.map((each: unknown) => (each instanceof Error ? networkCode(each) : undefined));
    return codes.find((code) => code !== undefined);
  }
  return /terminated|other side closed/.test(messageOf(error)) ? 'ECONNRESET' : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

/** Addresses of cloud metadata services and neighbours on the wire: no hub stores models there. */
function isLinkLocal(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(address) === 4) return address.startsWith('169.254.');
  return isIP(address) === 6 && /^(?:fe[89ab]|fd00:ec2:|::ffff:a9fe:)/.test(address);
}
