import { KubeError } from '../../kube/rest/kube-error.ts';

/** How a write of labels ended; the closed list of the metric's label `result`. */
export type WriteResult =
  | 'success'
  | 'conflict'
  | 'forbidden'
  | 'unauthorized'
  | 'node_gone'
  | 'invalid'
  | 'throttled'
  | 'unreachable'
  | 'error';

export interface Verdict {
  readonly result: WriteResult;
  /** Whether trying soon cannot help: somebody has to change something first. */
  readonly hopeless: boolean;
  /** What the server asked for. */
  readonly retryAfterMs: number;
}

const BY_CODE: Readonly<Record<number, WriteResult>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'node_gone',
  409: 'conflict',
  422: 'invalid',
  429: 'throttled',
};

export function verdictOn(error: unknown): Verdict {
  if (!(error instanceof KubeError)) return { result: 'error', hopeless: false, retryAfterMs: 0 };
  const result = BY_CODE[error.code] ?? (error.code === 0 ? 'unreachable' : 'error');
  return {
    result,
    hopeless: result === 'forbidden' || result === 'node_gone' || result === 'invalid',
    retryAfterMs: error.retryAfterMs ?? 0,
  };
}
