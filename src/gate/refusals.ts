import type { AdmissionProblem } from './admission.ts';
import { EngineProblem } from './engine-connection.ts';
import type { GateLimits } from './options.ts';
import type { Refusal } from './reply.ts';
import type { BodyProblem } from './request-body.ts';
import { UnitTooLong } from './stream-units.ts';

/** Every no of the gate, in one place. A code never changes its meaning: clients decide by it. */

export const CLOSING: Refusal = {
  status: 503,
  type: 'server_error',
  code: 'shutting_down',
  message: 'the server is shutting down',
  headers: { connection: 'close', 'retry-after': '5' },
};

export const INTERNAL: Refusal = {
  status: 500,
  type: 'server_error',
  code: 'internal',
  message: 'the gate failed; its log says why',
};

export function invalid(status: number, code: string, message: string, param?: string): Refusal {
  const refusal = { status, type: 'invalid_request_error', code, message } as const;
  return param === undefined ? refusal : { ...refusal, param };
}

export function methodNotAllowed(method: string): Refusal {
  const allow = 'GET, HEAD, POST';
  return { ...invalid(405, 'method_not_allowed', `${method} is not used here`), headers: { allow } };
}

export function unknownModel(name: string, names: readonly string[]): Refusal {
  const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
  return invalid(404, 'model_not_found', `there is no model ${shown} here; there is ${names.join(', ')}`, 'model');
}

export function noModelNamed(path: string, names: readonly string[]): Refusal {
  const message = `several models are served here, so a request to ${path} must name one of ${names.join(', ')}`;
  return invalid(404, 'model_not_found', message, 'model');
}

export function noSuchPath(method: string, path: string, backend: string): Refusal {
  return invalid(404, 'path_not_found', `${method} ${path} is nothing that the gate passes to ${backend}`);
}

export function notReady(model: string): Refusal {
  return retryLater(503, 'model_not_ready', `${model} is not ready yet`);
}

export function bodyRefusal(problem: BodyProblem, limits: GateLimits): Refusal {
  if (problem === 'broken') return invalid(400, 'broken_request', 'the request broke off');
  return problem === 'too-large'
    ? invalid(413, 'body_too_large', `the body is larger than ${limits.bodyBytes} bytes`)
    : retryLater(503, 'overloaded', 'too many bytes of requests wait here');
}

export function noPlace(problem: AdmissionProblem, model: string): Refusal {
  if (problem === 'closing') return CLOSING;
  return problem === 'queue-full'
    ? retryLater(429, 'overloaded', `too many requests wait for ${model}`)
    : retryLater(503, 'overloaded', `${model} had no free place in time`);
}

/** What an exception from the connection to the engine means to the client. */
export function engineFailed(error: unknown, model: string): Refusal {
  const failure = (status: number, code: string, what: string): Refusal => {
    return { status, type: 'server_error', code, message: `the engine of ${model} ${what}` };
  };
  if (error instanceof UnitTooLong) return failure(502, 'engine_failed', `sent ${error.message}`);
  const kind = error instanceof EngineProblem ? error.kind : 'broken';
  if (kind === 'timeout') return failure(504, 'engine_timeout', 'did not answer in time');
  return kind === 'unreachable'
    ? failure(502, 'engine_unreachable', 'cannot be reached')
    : failure(502, 'engine_failed', 'broke off its answer');
}

function retryLater(status: 429 | 503, code: string, message: string): Refusal {
  return { status, type: 'server_error', code, message, headers: { 'retry-after': '5' } };
}
