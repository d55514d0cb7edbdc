import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What the fake engine was asked. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Behaviour = (request: RecordedRequest, response: ServerResponse) => void | Promise<void>;

/** The pieces of text that the fake engine always answers with; one token each. */
export const FAKE_PIECES = ['H', 'é', 'llo ', '\u{1f600}'] as const;

/**
 * A fake inference engine on a real HTTP server: no model, always the same text. Strict about what it is sent: a POST must
 * be JSON with a `Content-Length`, name the engine's own model and nothing else, and carry no hop-by-hop header. Its answers
 * have the fields of llama.cpp's, which a system test compares with the real server. `behave` replaces its answers in tests of
 * engines that misbehave.
 */
export class FakeEngine {
  readonly model: string;
  readonly requests: RecordedRequest[] = [];
  /** Requests whose client went away before the answer was complete. */
  abandoned = 0;
  behave: Behaviour;
  readonly #server: Server;
  #port = 0;

  constructor(model: string) {
    this.model = model;
    this.behave = (request, response) => this.answer(request, response);
    this.#server = createServer((request, response) => {
      const body: Buffer[] = [];
      request.on('data', (piece: Buffer) => body.push(piece));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const recorded = { method, path: url, headers, body: Buffer.concat(body).toString() };
        this.requests.push(recorded);
        response.on('close', () => {
          if (!response.writableFinished) this.abandoned += 1;
        });
        void this.behave(recorded, response);
      });
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : port;
    return this;
  }

  /** Stops like a killed process: connections are cut. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  answer({ method, path, headers, body }: RecordedRequest, response: ServerResponse): void {
    if (method === 'GET' && path === '/props') return json(response, 200, { total_slots: 1, model_path: '/m.gguf' });
    const complaint = method === 'POST' ? this.#complaint(headers, body) : `no ${method} here`;
    if (complaint !== undefined) return json(response, 400, { error: { code: 400, message: complaint } });
    const asked: unknown = JSON.parse(body);
    const options = asked as { stream?: boolean; stream_options?: { include_usage?: boolean } };
    const chat = path === '/v1/chat/completions';
    if (path === '/v1/embeddings') {
      return json(response, 200, { object: 'list', model: this.model, data: [{ index: 0, embedding: [0.5] }] });
    }
    if (!chat && path !== '/v1/completions' && path !== '/completion') {
      return json(response, 404, { error: { code: 404, message: 'File Not Found' } });
    }
    if (path === '/completion') {
      const text = FAKE_PIECES.join('');
      return json(response, 200, {
        content: text,
        model: this.model,
        stop: true,
        tokens_predicted: FAKE_PIECES.length,
      });
    }
    if (options.stream !== true) return json(response, 200, this.whole(chat));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(this.events(chat, options.stream_options?.include_usage === true).join(''));
  }

  /** A complete answer that is not a stream. */
  whole(chat: boolean): object {
    const text = FAKE_PIECES.join('');
    const choice = chat ? { message: { role: 'assistant', content: text } } : { text };
    const usage = { prompt_tokens: 2, completion_tokens: FAKE_PIECES.length, total_tokens: 2 + FAKE_PIECES.length };
    return { id: 'cmpl-1', model: this.model, choices: [{ index: 0, finish_reason: 'stop', ...choice }], usage };
  }

  /** The events of a stream, each with its empty line. */
  events(chat: boolean, usage: boolean): string[] {
    const head = { id: 'cmpl-1', model: this.model };
    const messages: object[] = FAKE_PIECES.map((piece) => {
      return { ...head, choices: [{ index: 0, ...(chat ? { delta: { content: piece } } : { text: piece }) }] };
    });
    if (usage) messages.push({ ...head, choices: [], usage: { completion_tokens: FAKE_PIECES.length } });
    return [...messages.map((message) => JSON.stringify(message)), '[DONE]'].map((data) => `data: ${data}\n\n`);
  }

  #complaint(headers: IncomingMessage['headers'], body: string): string | undefined {
    if (headers['content-type']?.startsWith('application/json') !== true) return 'the body must be application/json';
    if (headers['transfer-encoding'] !== undefined) return 'the body must have a length';
    for (const name of ['te', 'upgrade', 'proxy-authorization', 'origin', 'cookie', 'expect']) {
      if (headers[name] !== undefined) return `the header ${name} is not for engines`;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch (error) {
      return `the body is not JSON: ${String(error)}`;
    }
    const model = typeof parsed === 'object' && parsed !== null && 'model' in parsed ? parsed.model : undefined;
    return model === undefined || model === this.model ? undefined : `there is no model ${JSON.stringify(model)}`;
  }
}

function json(response: ServerResponse, status: number, value: object): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
