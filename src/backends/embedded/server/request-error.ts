/** A request that cannot be served as it is; becomes an error object as OpenAI's API has them. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: string;
  /** The field that is at fault. */
  readonly param: string | undefined;

  constructor(status: number, code: string, message: string, param?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

/** The body of an answer with an error status, and of the last event of a stream that failed. */
export function errorBody(error: RequestError): {
  readonly error: { message: string; type: string; param: string | null; code: string };
} {
  const type =
    error.status === 503 ? 'unavailable_error' : error.status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message: error.message, type, param: error.param ?? null, code: error.code } };
}
