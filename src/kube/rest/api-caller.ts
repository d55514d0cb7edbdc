import type { Dispatcher } from 'undici';
import type { ClusterConnection } from '../config/cluster-connection.ts';
import { type Clock, type Random, sleep, systemClock } from '../time/clock.ts';
import { TokenBucket, type TokenBucketOptions } from '../time/token-bucket.ts';
import { readBody } from './body.ts';
import { startDeadline } from './deadline.ts';
import { errorOfAnswer, KubeError } from './kube-error.ts';
import { RetryBudget, retryDelayMs } from './retry.ts';
import { type HttpAnswer, type HttpRequest, Transport } from './transport.ts';

/** What every call takes. */
export interface CallOptions {
  /** Ends the call at once, wherever it is; its promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** For one attempt, from sending to the last byte. Default: that of the client. */
  readonly timeoutMs?: number;
  /** `false`: one attempt only, for callers that have their own rhythm. */
  readonly retry?: boolean;
}

/** One finished attempt, for metrics. `code` is 0 when there was no answer. */
export interface RequestReport {
  readonly method: string;
  readonly host: string;
  readonly code: number;
  readonly durationMs: number;
}

export interface ApiCallerOptions {
  readonly connection: ClusterConnection;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How fast requests may be started; default 50 per second, 100 at once. `false`: as fast as they come. */
  readonly rateLimit?: TokenBucketOptions | false;
  /** Default 30 s. */
  readonly timeoutMs?: number;
  /** Default 1 GiB. */
  readonly maxAnswerBytes?: number;
  readonly onRequest?: (report: RequestReport) => void;
}

const NO_LIMIT = { take: async (): Promise<void> => undefined };

/** Carries requests to one API server: rate limit, credentials, deadline, retries, errors. Knows no resources. */
export class ApiCaller {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly #limiter: { readonly take: (signal: AbortSignal) => Promise<void> };
  readonly #budget = new RetryBudget();
  readonly #options: ApiCallerOptions;

  constructor(options: ApiCallerOptions, transport: Transport = new Transport(options.connection)) {
    this.#options = options;
    this.transport = transport;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    const { rateLimit = { perSecond: 50, burst: 100 } } = options;
    this.#limiter = rateLimit === false ? NO_LIMIT : new TokenBucket(rateLimit, this.clock);
  }

  /** The same connections with a rate limit of their own, for what must not wait behind other requests. */
  withRateLimit(rateLimit: TokenBucketOptions | false): ApiCaller {
    return new ApiCaller({ ...this.#options, rateLimit }, this.transport);
  }

  /**
   * Sends a request, again if need be, and returns the answer's text.
   *
   * @param repeatable whether doing it twice is as good as once; default: only GET is
   * @throws KubeError; KubeConfigError without credentials; the signal's reason
   */
  async text(request: HttpRequest, options: CallOptions, repeatable = request.method === 'GET'): Promise<string> {
    this.#budget.earn();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(request, options);
      } catch (error) {
        const ending = options.signal.aborted || options.retry === false;
        const delayMs = ending ? undefined : retryDelayMs(error, attempt, repeatable, this.random);
        if (delayMs === undefined || !this.#budget.spend()) throw error;
        await sleep(this.clock, delayMs, options.signal);
      }
    }
  }

  /** As `text`, parsed. */
  async json(request: HttpRequest, options: CallOptions, repeatable?: boolean): Promise<unknown> {
    const text = await this.text(request, options, repeatable);
    try {
      const value: unknown = JSON.parse(text);
      return value;
    } catch (error) {
      throw new KubeError(`${nameOf(request)}: the answer is not JSON: ${text.slice(0, 100)}`, {
        reason: 'BadAnswer',
        cause: error,
      });
    }
  }

  /**
   * Opens an answer that goes on: a watch, a log. Only its beginning has a deadline. No retries: whoever reads such a
   * stream has to begin anew anyway when it breaks.
   */
  async stream(request: HttpRequest, options: CallOptions): Promise<Dispatcher.ResponseData['body']> {
    const deadline = this.#deadline(request, options);
    try {
      const answer = await this.#accepted(request, deadline.signal);
      // The deadline's signal dies with the head; from here on the caller's own ends the body.
      const destroy = () => answer.body.destroy();
      if (options.signal.aborted) destroy();
      options.signal.addEventListener('abort', destroy, { once: true });
      answer.body.once('close', () => options.signal.removeEventListener('abort', destroy));
      return answer.body;
    } finally {
      deadline.end();
    }
  }

  #deadline(request: HttpRequest, { signal, timeoutMs = this.#options.timeoutMs ?? 30_000 }: CallOptions) {
    return startDeadline(this.clock, timeoutMs, signal, nameOf(request));
  }

  async #attempt(request: HttpRequest, options: CallOptions): Promise<string> {
    await this.#limiter.take(options.signal);
    const deadline = this.#deadline(request, options);
    try {
      const answer = await this.#accepted(request, deadline.signal);
      return await this.#read(answer, request, deadline.signal);
    } finally {
      deadline.end();
    }
  }

  /** An answer with a status below 400; others are thrown. Fresh credentials get one more chance after a 401. */
  async #accepted(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    for (let renewed = false; ; renewed = true) {
      const startedMs = this.clock.monotonicMs();
      let answer: HttpAnswer;
      try {
        answer = await this.transport.send(request, signal);
      } catch (error) {
        this.#report(request, 0, startedMs);
        throw error;
      }
      this.#report(request, answer.code, startedMs);
      if (answer.code < 400) return answer;
      const text = await this.#read(answer, request, signal);
      const { credentials } = this.transport.connection;
      if (answer.code === 401 && credentials.refused(answer.credentials) && !renewed) continue;
      throw errorOfAnswer(nameOf(request), answer.code, text, answer.retryAfter);
    }
  }

  #read(answer: HttpAnswer, request: HttpRequest, signal: AbortSignal): Promise<string> {
    return readBody(answer.body, this.#options.maxAnswerBytes ?? 1 << 30, signal, nameOf(request));
  }

  #report(request: HttpRequest, code: number, startedMs: number): void {
    this.#options.onRequest?.({
      method: request.method,
      host: this.transport.connection.server.host,
      code,
      durationMs: this.clock.monotonicMs() - startedMs,
    });
  }
}

function nameOf(request: HttpRequest): string {
  return `${request.method} ${request.path}`;
}
