import { describe, expect, it } from 'vitest';
import { clientHeaders, engineHeaders } from './headers.ts';

describe('headers on their way to the engine', () => {
  it('lose what is about the connection, also what the connection header names', () => {
    const headers = {
      connection: 'keep-alive, X-Mine',
      'keep-alive': 'timeout=5',
      'x-mine': '1',
      te: 'trailers',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'proxy-authorization': 'secret',
      'x-request-id': 'abc',
    };

    expect(engineHeaders(headers, false)).toEqual({ 'x-request-id': 'abc', 'accept-encoding': 'identity' });
  });

  it('lose what makes engines serve other web pages, and the cookies of other servers of this host', () => {
    const headers = {
      origin: 'http://evil.example',
      referer: 'http://evil.example/x',
      cookie: 'session=1',
      host: 'me',
    };

    expect(engineHeaders(headers, false)).toEqual({ 'accept-encoding': 'identity' });
  });

  it('lose the key only where it is the key of the gate', () => {
    const headers = { authorization: 'Bearer key', 'x-api-key': 'key' };

    expect(engineHeaders(headers, true)).toEqual({ 'accept-encoding': 'identity' });
    expect(engineHeaders(headers, false)).toMatchObject(headers);
  });
});

describe('headers on their way to the client', () => {
  it('keep what tells about the answer and lose the rest', () => {
    const headers = {
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'set-cookie': ['a=1', 'b=2'],
      'content-length': '10',
      'transfer-encoding': 'chunked',
      'x-many': ['1', '2'],
    };

    expect(clientHeaders(headers)).toEqual({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'x-many': ['1', '2'],
    });
  });
});
