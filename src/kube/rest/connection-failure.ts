import { KubeError } from './kube-error.ts';

/** The connection was never made, so the request never left. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_PRX_CONN',
]);

const TLS_CODE = /CERT|^ERR_TLS|^ERR_SSL|^ERR_OSSL|^EPROTO$|SELF_SIGNED|UNABLE_TO|^UND_ERR_PRX_TLS$/;

/** The typed form of what undici throws when there is no complete answer. */
export function connectionFailure(thrown: unknown, what: string, source: string): KubeError {
  const code = codeOf(thrown);
  const text = messageOf(thrown);
  if (TLS_CODE.test(code)) {
    return new KubeError(`${what}: TLS failed (${code}: ${text}); check the authority and certificate of ${source}`, {
      reason: 'TlsFailed',
      cause: thrown,
      neverSent: true,
    });
  }
  return new KubeError(`${what}: ${text}${code === '' || text.includes(code) ? '' : ` (${code})`}`, {
    reason: 'Unreachable',
    cause: thrown,
    neverSent: NEVER_SENT.has(code),
  });
}

function codeOf(thrown: unknown): string {
  // Happy eyeballs reports one error per address.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return messageOf(thrown.errors[0]);
  if (thrown instanceof Error) return thrown.message === '' ? thrown.name : thrown.message;
  return String(thrown);
}
