import { isRecord } from '../objects/object.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

interface KubeErrorOptions {
  readonly reason: string;
  readonly code?: number;
  readonly retryAfterMs?: number | undefined;
  readonly causes?: readonly StatusCause[];
  readonly cause?: unknown;
  readonly neverSent?: boolean;
}

/** A request that did not succeed. An aborted request throws its signal's reason instead. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status; 0 when the server gave none. */
  readonly code: number;
  /**
   * Those of the API server as they are: `NotFound`, `Conflict`, `Expired` … (`StatusReason` in k8s.io/apimachinery).
   * The client's own are
   * - `Unreachable`: no connection, or it broke before the answer was complete
   * - `Interrupted`: a stream that had begun broke off
   * - `TlsFailed`: the server's certificate is not trusted, or it did not trust ours
   * - `DeadlineExceeded`: no complete answer in time
   * - `BadAnswer`: an answer that is not what the API promises
   * - `TooLarge`: an answer above the size limit
   * - `ClientClosed`: the client was closed
   */
  readonly reason: string;
  /** How long the server asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Which fields were refused and why, for 422. */
  readonly causes: readonly StatusCause[];
  /** Whether the request certainly did not reach the server, so that even a create may be tried again. */
  readonly neverSent: boolean;

  constructor(message: string, options: KubeErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = options.reason;
    this.code = options.code ?? 0;
    this.retryAfterMs = options.retryAfterMs;
    this.causes = options.causes ?? [];
    this.neverSent = options.neverSent ?? false;
  }
}

/** Whether `thrown` is a `KubeError` with one of these reasons. */
export function hasReason(thrown: unknown, ...reasons: readonly string[]): boolean {
  return thrown instanceof KubeError && reasons.includes(thrown.reason);
}

export function isNotFound(thrown: unknown): boolean {
  return hasReason(thrown, 'NotFound');
}

/** The object has changed since it was read, or a precondition does not hold, or apply met another field manager. */
export function isConflict(thrown: unknown): boolean {
  return hasReason(thrown, 'Conflict');
}

/** The history back to the asked version, or the continuation of a list, is gone. */
export function isExpired(thrown: unknown): boolean {
  return hasReason(thrown, 'Expired', 'Gone');
}

/** The asked version is newer than what this server has seen: it lags, or the cluster was restored from a backup. */
export function isTooLargeResourceVersion(thrown: unknown): boolean {
  if (!(thrown instanceof KubeError)) return false;
  return (
    thrown.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ||
    (thrown.code === 504 && thrown.message.includes('Too large resource version'))
  );
}

/** What an answer with an error status says, for answers without a `Status` body. */
const REASON_OF_CODE: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * The error that an answer stands for.
 *
 * @param what the request in words, as `GET /api/v1/nodes`
 * @param retryAfter the header of that name: seconds, the only form the API server sends
 */
export function errorOfAnswer(what: string, code: number, body: string, retryAfter: string | undefined): KubeError {
  const headerMs = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // Proxies and load balancers answer in HTML or not at all: the status code has to do.
    parsed = undefined;
  }
  if (isRecord(parsed) && parsed.kind === 'Status') return errorOfStatus(parsed, code, headerMs, what);
  const reason = REASON_OF_CODE[code] ?? (code >= 500 ? 'InternalError' : 'Unknown');
  const text = body.trim().slice(0, 200);
  return new KubeError(`${what}: ${code} ${reason}${text === '' ? '' : `: ${text}`}`, {
    reason,
    code,
    retryAfterMs: headerMs,
  });
}

/** The error that a `Status` object stands for, also inside a watch stream. */
export function errorOfStatus(
  status: Readonly<Record<string, unknown>>,
  httpCode: number,
  retryAfterMs: number | undefined,
  what: string,
): KubeError {
  const code = typeof status.code === 'number' ? status.code : httpCode;
  const fallback = REASON_OF_CODE[code] ?? 'Unknown';
  const reason = typeof status.reason === 'string' && status.reason !== '' ? status.reason : fallback;
  const message = typeof status.message === 'string' ? status.message : reason;
  const details = isRecord(status.details) ? status.details : {};
  const seconds = details.retryAfterSeconds;
  return new KubeError(`${what}: ${message}`, {
    reason,
    code,
    retryAfterMs: retryAfterMs ?? (typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined),
    causes: Array.isArray(details.causes) ? details.causes.filter(isRecord) : [],
  });
}
