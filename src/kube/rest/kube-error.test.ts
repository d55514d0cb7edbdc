import { describe, expect, it } from 'vitest';
import {
  errorOfAnswer,
  hasReason,
  isConflict,
  isExpired,
  isNotFound,
  isTooLargeResourceVersion,
} from './kube-error.ts';

const CODES: readonly (readonly [code: number, reason: string])[] = [
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [410, 'Gone'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
];

describe('errorOfAnswer', () => {
  it.each(CODES)('gives %i a reason without a body, with HTML and with broken JSON', (code, reason) => {
    for (const body of ['', '<html>oops</html>', '{"kind":"Status","rea', '[]', 'null', '"x"']) {
      const error = errorOfAnswer('GET /x', code, body, undefined);

      expect(error).toMatchObject({ code, reason });
      expect(error.message).toContain(`GET /x: ${code}`);
    }
  });

  it('takes reason, message, causes and waiting time from a Status', () => {
    const body = {
      kind: 'Status',
      message: 'pods "x" is forbidden',
      reason: 'Forbidden',
      details: { retryAfterSeconds: 3, causes: [{ reason: 'FieldValueInvalid', field: 'spec', message: 'no' }, 7] },
    };

    const error = errorOfAnswer('GET /x', 403, JSON.stringify(body), undefined);

    expect(error).toMatchObject({ code: 403, reason: 'Forbidden', retryAfterMs: 3_000 });
    expect(error.message).toBe('GET /x: pods "x" is forbidden');
    expect(error.causes).toEqual([{ reason: 'FieldValueInvalid', field: 'spec', message: 'no' }]);
  });

  it('believes the Retry-After header, if it is a number of seconds', () => {
    expect(errorOfAnswer('GET /x', 429, '', '7').retryAfterMs).toBe(7_000);
    expect(errorOfAnswer('GET /x', 429, '', 'Fri, 31 Dec 1999 23:59:59 GMT').retryAfterMs).toBeUndefined();
    expect(errorOfAnswer('GET /x', 429, '', '-1').retryAfterMs).toBeUndefined();
  });

  it('is not led astray by a Status of the wrong types', () => {
    const body = {
      kind: 'Status',
      code: 'x',
      message: 1,
      reason: null,
      details: { causes: 'no', retryAfterSeconds: 'x' },
    };

    expect(errorOfAnswer('GET /x', 500, JSON.stringify(body), undefined)).toMatchObject({
      code: 500,
      reason: 'InternalError',
      causes: [],
      retryAfterMs: undefined,
    });
  });
});

describe('the questions one asks about errors', () => {
  it('are answered by reason', () => {
    const of = (reason: string, code: number, details = {}) =>
      errorOfAnswer('GET /x', code, JSON.stringify({ kind: 'Status', reason, code, details }), undefined);
    const tooLarge = of('Timeout', 504, { causes: [{ reason: 'ResourceVersionTooLarge' }] });

    expect(isNotFound(of('NotFound', 404))).toBe(true);
    expect(isConflict(of('Conflict', 409))).toBe(true);
    expect(isConflict(of('AlreadyExists', 409))).toBe(false);
    expect(isExpired(of('Expired', 410))).toBe(true);
    expect(isTooLargeResourceVersion(tooLarge)).toBe(true);
    expect(isTooLargeResourceVersion(of('Timeout', 504))).toBe(false);
    expect(hasReason(new Error('NotFound'), 'NotFound')).toBe(false);
  });
});
