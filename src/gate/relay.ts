import type { ClientSide } from './client-side.ts';
import type { EngineAnswer } from './engine-connection.ts';
import type { Outcome } from './gate-metrics.ts';
import { clientHeaders } from './headers.ts';
import { CLOSING, engineFailed } from './refusals.ts';
import type { ReplyTransform } from './reply-transform.ts';
import { UnitTooLong } from './stream-units.ts';

export interface Relay {
  readonly client: ClientSide;
  readonly answer: EngineAnswer;
  readonly transform: ReplyTransform;
  readonly model: string;
  /** Called after every piece, when the counts may have moved. */
  readonly onPiece: () => void;
  /** Called when the engine broke off or fell silent. */
  readonly onEngineGone: (why: string) => void;
}

/** A JSON answer up to this size is sent whole, with its length; until then a broken engine is an honest 502. */
const WHOLE_BYTES = 64 * 1024;

/** Passes an answer on to the client, and tells the client when it breaks. Never rejects. */
export async function relay({ client, answer, transform, model, onPiece, onEngineGone }: Relay): Promise<Outcome> {
  try {
    const sink = transform.kind === 'json' ? new WholeOrStream(client, answer) : new Stream(client, answer, transform);
    for await (const piece of answer.body) {
      const bytes = transform.push(piece);
      onPiece();
      await sink.send(bytes);
    }
    await sink.send(transform.end());
    onPiece();
    sink.end();
    return 'ok';
  } catch (error) {
    answer.body.destroy();
    onPiece();
    if (client.aborted === 'client-gone' || client.aborted === 'client-stalled') {
      client.response.destroy();
      return 'cancelled';
    }
    const closing = client.aborted === 'closing';
    const refusal = closing ? CLOSING : engineFailed(error, model);
    if (!closing && !(error instanceof UnitTooLong)) onEngineGone(refusal.message);
    if (client.started) client.break(transform.framing, refusal);
    else client.refuse(refusal);
    return closing ? 'cancelled' : 'engine_error';
  }
}

/** Sends every piece as it comes. */
class Stream {
  readonly #client: ClientSide;

  constructor(client: ClientSide, answer: EngineAnswer, transform: ReplyTransform) {
    this.#client = client;
    const headers = clientHeaders(answer.headers);
    // Bytes that pass unchanged keep the length the engine gave, which for HEAD is all there is.
    const length = transform.kind === 'plain' ? answer.headers['content-length'] : undefined;
    client.start(answer.status, typeof length === 'string' ? { ...headers, 'content-length': length } : headers);
  }

  send(bytes: Buffer): Promise<void> {
    return this.#client.write(bytes);
  }

  end(): void {
    this.#client.end();
  }
}

/** Keeps an answer while it is small. */
class WholeOrStream {
  readonly #client: ClientSide;
  readonly #status: number;
  readonly #headers: ReturnType<typeof clientHeaders>;
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;

  constructor(client: ClientSide, answer: EngineAnswer) {
    this.#client = client;
    this.#status = answer.status;
    this.#headers = clientHeaders(answer.headers);
  }

  async send(bytes: Buffer): Promise<void> {
    if (this.#held === undefined) return this.#client.write(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes <= WHOLE_BYTES) return;
    const held = Buffer.concat(this.#held);
    this.#held = undefined;
    this.#client.start(this.#status, this.#headers);
    await this.#client.write(held);
  }

  end(): void {
    if (this.#held === undefined) {
      this.#client.end();
      return;
    }
    this.#client.start(this.#status, { ...this.#headers, 'content-length': this.#heldBytes });
    this.#client.end(Buffer.concat(this.#held));
  }
}
