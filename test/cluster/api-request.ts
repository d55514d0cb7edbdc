import { type Agent, request } from 'node:https';
import type { ClientAccess } from './kubeconfig.ts';

/** An answer of the API server. */
interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

interface RequestOptions {
  readonly method?: string;
  readonly body?: string;
  readonly contentType?: string;
  /** Keeps connections open between requests; without one each request has its own. */
  readonly agent?: Agent;
}

/**
 * One plain request to the API server and its whole answer. The tests' own small way in, so that the product's
 * client is never judged by itself.
 */
export async function apiRequest(access: ClientAccess, path: string, options: RequestOptions = {}): Promise<ApiAnswer> {
  const { method = 'GET', body, contentType = 'application/json' } = options;
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': contentType };
    const tls = {
      ca: access.ca,
      cert: access.certificate,
      key: access.key,
      agent: options.agent ?? false,
      timeout: 10_000,
    };
    const call = request(new URL(path, access.server), { method, headers, ...tls }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error(`no answer from ${access.server}${path} within 10 s`)));
    call.on('error', reject);
    call.end(body);
  });
}
