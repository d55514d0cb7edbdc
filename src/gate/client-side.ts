import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Refusal, refusalBody, refuse } from './reply.ts';

/** The reasons an exchange ends early, as the abort reason of its signal. */
export type Abort = 'client-gone' | 'client-stalled' | 'closing';

/** One client waiting for one answer: headers sent at the last moment, writes with back-pressure, its going noticed. */
export class ClientSide {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly #abort = new AbortController();
  readonly #stallMs: number;

  constructor(request: IncomingMessage, response: ServerResponse, stallMs: number) {
    this.request = request;
    this.response = response;
    this.#stallMs = stallMs;
    response.once('close', () => {
      if (!response.writableFinished) this.abort('client-gone');
    });
    // A reset connection: `close` follows and tells everything.
    response.on('error', () => undefined);
  }

  /** Aborted when the answer is no longer wanted or allowed. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): Abort | undefined {
    const reason: unknown = this.#abort.signal.aborted ? this.#abort.signal.reason : undefined;
    return reason === 'client-gone' || reason === 'client-stalled' || reason === 'closing' ? reason : undefined;
  }

  abort(reason: Abort): void {
    this.#abort.abort(reason);
  }

  get started(): boolean {
    return this.response.headersSent;
  }

  start(status: number, headers: Readonly<Record<string, string | string[] | number>>): void {
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  /** Resolves when the client can take more. Rejects when it is gone or has not read for too long. */
  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0 || this.response.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.response.off('drain', onDrain);
        this.signal.removeEventListener('abort', onAbort);
        act();
      };
      const onDrain = () => settle(resolve);
      const onAbort = () => settle(() => reject(new Error('the answer is no longer wanted')));
      const timer = setTimeout(() => this.abort('client-stalled'), this.#stallMs);
      this.response.once('drain', onDrain);
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  end(bytes?: Buffer): void {
    this.response.end(bytes);
  }

  refuse(refusal: Refusal): void {
    refuse(this.request, this.response, refusal);
  }

  /** Ends an answer that began well: with an error message where the format has one, else by a cut connection. */
  break(framing: 'sse' | 'ndjson' | undefined, refusal: Refusal): void {
    if (this.response.destroyed) return;
    if (framing === undefined || this.aborted === 'client-stalled') {
      this.response.destroy();
      return;
    }
    const body = refusalBody(refusal);
    this.response.end(framing === 'sse' ? `data: ${body}\n\n` : `${body}\n`);
  }
}
