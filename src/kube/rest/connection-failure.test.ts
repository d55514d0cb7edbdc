import { describe, expect, it } from 'vitest';
import { connectionFailure } from './connection-failure.ts';

const coded = (code: string, message = 'it failed') => Object.assign(new Error(message), { code });

describe('connectionFailure', () => {
  it('knows which requests never left', () => {
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT']) {
      expect(connectionFailure(coded(code), 'GET /x', 's')).toMatchObject({ reason: 'Unreachable', neverSent: true });
    }
    for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']) {
      expect(connectionFailure(coded(code), 'GET /x', 's')).toMatchObject({ reason: 'Unreachable', neverSent: false });
    }
  });

  it('looks into a failure of several addresses', () => {
    const both = new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:1'), coded('ECONNREFUSED')]);

    expect(connectionFailure(both, 'GET /x', 's')).toMatchObject({
      neverSent: true,
      message: 'GET /x: connect ECONNREFUSED ::1:1',
    });
  });

  it.each([
    'CERT_HAS_EXPIRED',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_OSSL_PEM_NO_START_LINE',
    'EPROTO',
  ])('says of %s that it is a matter of certificates, and whose', (code) => {
    const error = connectionFailure(coded(code), 'GET /x', 'context "a"');

    expect(error).toMatchObject({ reason: 'TlsFailed' });
    expect(error.message).toContain('of context "a"');
  });

  it('has words for everything that can be thrown', () => {
    expect(connectionFailure('text', 'GET /x', 's').message).toBe('GET /x: text');
    expect(connectionFailure(new Error(''), 'GET /x', 's').message).toBe('GET /x: Error');
    expect(connectionFailure(undefined, 'GET /x', 's').reason).toBe('Unreachable');
  });
});
