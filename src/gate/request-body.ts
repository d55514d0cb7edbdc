import type { IncomingMessage } from 'node:http';

/** Bytes of request bodies in memory, all clients together. */
export class BodyBudget {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#most) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

export type BodyProblem = 'too-large' | 'no-memory' | 'broken';

/**
 * The whole body, which the model's name is somewhere in. The budget stays taken for `body.length` bytes until the caller
 * gives it back.
 */
export function readBody(
  request: IncomingMessage,
  mostBytes: number,
  budget: BodyBudget,
): Promise<Buffer | BodyProblem> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > mostBytes) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const settle = (result: Buffer | BodyProblem) => {
      request.off('data', onData).off('end', onEnd).off('close', onBroken).off('error', onBroken);
      // An error after the outcome is known has nobody left to tell, but must not end the process.
      request.on('error', () => undefined);
      if (typeof result === 'string') budget.give(bytes);
      resolve(result);
    };
    const onData = (piece: Buffer) => {
      if (bytes + piece.length > mostBytes) return settle('too-large');
      if (!budget.take(piece.length)) return settle('no-memory');
      bytes += piece.length;
      pieces.push(piece);
    };
    const onEnd = () => settle(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces));
    const onBroken = () => settle('broken');
    request.on('data', onData).once('end', onEnd).once('close', onBroken).once('error', onBroken);
  });
}
