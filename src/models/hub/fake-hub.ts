import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type Fault, respondWithFault } from './fake-faults.ts';

/** Content of a file in the fake hub: bytes, or a way to stream any part of it. */
export type FakeContent =
  | Uint8Array
  | { readonly sizeBytes: number; readonly sha256: string; readonly stream: (start: number, end: number) => Readable };

export interface FakeRepository {
  readonly files: Readonly<Record<string, FakeContent>>;
  /** 40 hex digits; branches point to it. */
  readonly commit?: string;
  readonly branches?: readonly string[];
  /** `gated`: everybody sees it, only the token may download. `private`: strangers are told it does not exist. */
  readonly access?: 'public' | 'gated' | 'private';
  /** Files kept in git itself: the hub then gives no SHA-256, only a git hash. */
  readonly small?: readonly string[];
}

export interface FakeHubOptions {
  readonly repositories: Readonly<Record<string, FakeRepository>>;
  readonly token?: string;
  /** Renamed repositories: old name to new. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export interface SeenRequest {
  readonly origin: 'hub' | 'storage';
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
  readonly acceptEncoding: string | undefined;
}

const DEFAULT_COMMIT = 'c0ffee'.padEnd(40, '0');

/**
 * A fake of the Hugging Face hub for tests: the resolve and model-info addresses this project uses, with the hub's
 * headers and error codes, on one port, and the storage that large files are redirected to on another. It answers
 * nothing else, refuses what the hub would refuse, and keeps a record of all it was asked.
 *
 * Faults are injected into downloads from storage, one per request in the order of {@link faults}.
 */
export class FakeHub implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Taken from the front, one per download from storage; `undefined` or none left: an honest answer. */
  readonly faults: (Fault | undefined)[] = [];
  /** As {@link faults}, for requests to the hub itself. */
  readonly hubFaults: (Fault | undefined)[] = [];
  readonly #options: FakeHubOptions;
  readonly #hub: Server;
  readonly #storage: Server;

  private constructor(options: FakeHubOptions) {
    this.#options = options;
    this.#hub = createServer((request, response) => this.#answer('hub', request, response));
    this.#storage = createServer((request, response) => this.#answer('storage', request, response));
  }

  static async start(options: FakeHubOptions): Promise<FakeHub> {
    const fake = new FakeHub(options);
    for (const server of [fake.#hub, fake.#storage]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${port(this.#hub)}`;
  }

  get storageOrigin(): string {
    return `http://127.0.0.1:${port(this.#storage)}`;
  }

  /** Variables that make a client use this hub and nothing of the person's own. */
  environment(home: string): Readonly<Record<string, string>> {
    return { HF_ENDPOINT: this.endpoint, HOME: home };
  }

  downloads(): readonly SeenRequest[] {
    return this.requests.filter((request) => request.origin === 'storage');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #answer(origin: 'hub' | 'storage', request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    const { range, 'if-range': ifRange, authorization, 'accept-encoding': acceptEncoding } = request.headers;
    const method = request.method ?? '';
    this.requests.push({
      origin,
      method,
      path: url.pathname,
      range,
      ifRange: single(ifRange),
      authorization,
      acceptEncoding: single(acceptEncoding),
    });
    const fault = (origin === 'hub' ? this.hubFaults : this.faults).shift();
    if (origin === 'hub') {
      if (fault !== undefined)
        respondWithFault(fault, request, response, { bytes: Buffer.alloc(0), storage: this.storageOrigin });
      else this.#answerHub(request, response, url);
      return;
    }
    this.#answerStorage(request, response, url, fault);
  }

  #answerHub(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(url.pathname);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const [, name = '', revisionText = '', fileText = ''] = api ?? resolve ?? [];
    if (name === '' || !['GET', 'HEAD'].includes(request.method ?? ''))
      return refuse(response, 404, '', 'no such address');
    const renamed = this.#options.renamed?.[name];
    if (renamed !== undefined) {
      response.writeHead(307, { location: url.pathname.replace(name, renamed) + url.search }).end();
      return;
    }
    const repository = this.#permitted(request, response, name, api !== null);
    if (repository === undefined) return;
    const commit = repository.commit ?? DEFAULT_COMMIT;
    const revision = decodeURIComponent(revisionText);
    if (revision !== commit && !(repository.branches ?? ['main']).includes(revision)) {
      return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    }
    if (api !== null) return answerJson(response, modelInfo(name, commit, repository, url.searchParams.has('blobs')));
    const path = decodeURIComponent(fileText);
    const content = repository.files[path];
    if (content === undefined)
      return refuse(response, 404, 'EntryNotFound', 'Entry not found', { 'x-repo-commit': commit });
    if (repository.small?.includes(path) === true && content instanceof Uint8Array) {
      response.writeHead(200, {
        'x-repo-commit': commit,
        etag: `"${'a'.repeat(40)}"`,
        'content-length': content.length,
      });
      response.end(request.method === 'HEAD' ? undefined : content);
      return;
    }
    const location = `${this.storageOrigin}/${encodeURIComponent(name)}/${encodeURIComponent(path)}?signature=secret`;
    const headers = {
      location,
      'x-repo-commit': commit,
      'x-linked-size': sizeOf(content),
      'x-linked-etag': `"${digestOf(content)}"`,
    };
    response.writeHead(302, headers).end();
  }

  #permitted(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    metadata: boolean,
  ): FakeRepository | undefined {
    const repository = this.#options.repositories[name];
    const given = request.headers.authorization;
    const known = given !== undefined && given === `Bearer ${this.#options.token}`;
    if (given !== undefined && !known) {
      refuse(response, 401, '', 'Invalid credentials in Authorization header');
      return undefined;
    }
    const access = repository?.access ?? 'public';
    if (repository === undefined || (access === 'private' && !known)) {
      // The hub does not tell strangers whether a name is free or private.
      refuse(response, known ? 404 : 401, 'RepoNotFound', 'Repository not found');
      return undefined;
    }
    if (access === 'gated' && !known && !metadata) {
      refuse(response, 401, 'GatedRepo', `Access to model ${name} is restricted`);
      return undefined;
    }
    return repository;
  }

  #answerStorage(request: IncomingMessage, response: ServerResponse, url: URL, fault: Fault | undefined): void {
    if (request.headers.authorization !== undefined)
      return refuse(response, 400, '', 'Only one auth mechanism allowed');
    if (url.searchParams.get('signature') !== 'secret') return refuse(response, 403, '', 'no signature');
    const [name = '', path = ''] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const content = this.#options.repositories[name]?.files[path];
    if (content === undefined) return refuse(response, 404, '', 'no such object');
    if (fault !== undefined) {
      const bytes = content instanceof Uint8Array ? content : Buffer.alloc(0);
      return respondWithFault(fault, request, response, { bytes, storage: this.storageOrigin });
    }
    serveRange(request, response, content);
  }
}

/** Ranges as RFC 9110 has them: one `bytes=a-b` or `bytes=a-`, honoured only when If-Range still matches. */
function serveRange(request: IncomingMessage, response: ServerResponse, content: FakeContent): void {
  const size = sizeOf(content);
  const etag = `"${digestOf(content)}"`;
  const [, startText, endText] = /^bytes=([0-9]+)-([0-9]*)$/.exec(request.headers.range ?? '') ?? [];
  const stale = request.headers['if-range'] !== undefined && request.headers['if-range'] !== etag;
  if (startText === undefined || stale) {
    response.writeHead(200, { 'content-length': size, etag, 'accept-ranges': 'bytes' });
    streamOf(content, 0, size).pipe(response);
    return;
  }
  const start = Number(startText);
  const end = endText === undefined || endText === '' ? size : Math.min(size, Number(endText) + 1);
  if (start >= end) {
    response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    return;
  }
  response.writeHead(206, {
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${size}`,
    etag,
  });
  streamOf(content, start, end).pipe(response);
}

function modelInfo(name: string, commit: string, repository: FakeRepository, blobs: boolean): unknown {
  const siblings = Object.entries(repository.files).map(([path, content]) => {
    if (!blobs) return { rfilename: path };
    const size = sizeOf(content);
    const lfs =
      repository.small?.includes(path) === true ? {} : { lfs: { sha256: digestOf(content), size, pointerSize: 134 } };
    return { rfilename: path, size, blobId: 'a'.repeat(40), ...lfs };
  });
  return { id: name, modelId: name, sha: commit, private: repository.access === 'private', siblings };
}

function sizeOf(content: FakeContent): number {
  return content instanceof Uint8Array ? content.length : content.sizeBytes;
}

function digestOf(content: FakeContent): string {
  return content instanceof Uint8Array ? createHash('sha256').update(content).digest('hex') : content.sha256;
}

function streamOf(content: FakeContent, start: number, end: number): Readable {
  return content instanceof Uint8Array ? Readable.from([content.subarray(start, end)]) : content.stream(start, end);
}

function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...(code !== '' && { 'x-error-code': code }), 'x-error-message': message, ...headers });
  response.end(JSON.stringify({ error: message }));
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function port(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake hub is not listening');
  return address.port;
}
