import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { apiKeyRule, browserRule, isLoopback } from './access.ts';

function request(headers: Record<string, string>): IncomingMessage {
  return { headers } as unknown as IncomingMessage;
}

describe('the API key', () => {
  const rule = apiKeyRule('s3cret');

  it.each([{ authorization: 'Bearer s3cret' }, { authorization: 'bearer  s3cret' }, { 'x-api-key': 's3cret' }])(
    'is taken from %j',
    (headers) => {
      expect(rule(request(headers))).toBeUndefined();
    },
  );

  it.each([
    {},
    { authorization: 's3cret' },
    { authorization: 'Basic s3cret' },
    { authorization: 'Bearer s3cre' },
    { authorization: 'Bearer s3cret2' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearer a s3cret' },
    { 'x-api-key': '' },
  ])('is missing or wrong in %j, and the answer does not repeat it', (headers) => {
    const refusal = rule(request(headers));

    expect(refusal).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(JSON.stringify(refusal)).not.toContain('s3cre');
  });

  it('is not asked for when there is none', () => {
    expect(apiKeyRule(undefined)(request({}))).toBeUndefined();
  });
});

describe('a server on loopback without a key', () => {
  const rule = browserRule('127.0.0.1', true, ['http://app.example']);

  it.each(['127.0.0.1:8000', 'localhost:8000', 'LOCALHOST', '[::1]:8000', 'flexinfer.localhost:8000'])(
    'answers to the name %s',
    (host) => {
      expect(rule(request({ host }))).toBeUndefined();
    },
  );

  it.each(['evil.example', 'evil.example:8000', 'localhost.evil.example', '127.0.0.1.evil.example', ''])(
    'does not answer to the name %j, which a web page may have pointed here',
    (host) => {
      expect(rule(request({ host }))).toMatchObject({ status: 403, code: 'host_not_allowed' });
    },
  );

  it('serves its own pages and those it was told to, but no others', () => {
    const from = (origin: string) => rule(request({ host: 'localhost:8000', origin }));

    expect(from('http://localhost:8000')).toBeUndefined();
    expect(from('http://app.example')).toBeUndefined();
    for (const origin of ['http://evil.example', 'http://localhost:3000', 'https://localhost:8000', 'null']) {
      expect(from(origin)).toMatchObject({ status: 403, code: 'origin_not_allowed' });
    }
  });

  it('leaves names and origins alone when it is not guarded', () => {
    expect(browserRule('0.0.0.0', false, [])(request({ host: 'x.example', origin: 'http://y' }))).toBeUndefined();
  });
});

describe('loopback', () => {
  it('is recognised by its names', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'a.localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.evil', 'localhost.example', ''].some(isLoopback)).toBe(false);
  });
});
