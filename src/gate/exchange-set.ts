import type { ClientSide } from './client-side.ts';

/** How long an answer that was cut off may take to say so. */
const LAST_WORDS_MS = 1_000;

/** The exchanges under way, so that a server can end without breaking promises. */
export class ExchangeSet {
  readonly #open = new Map<ClientSide, Promise<void>>();
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** Keeps an exchange in the set until `run` is done. */
  async track(client: ClientSide, run: () => Promise<void>): Promise<void> {
    const done = run().finally(() => this.#open.delete(client));
    this.#open.set(client, done);
    await done;
  }

  /** From now on `draining`; resolves when nothing is open any more. What takes longer than `graceMs` is cut off. */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    if (await this.#emptyWithin(graceMs)) return;
    for (const client of this.#open.keys()) client.abort('closing');
    if (await this.#emptyWithin(LAST_WORDS_MS)) return;
    for (const client of this.#open.keys()) client.response.destroy();
  }

  async #emptyWithin(limitMs: number): Promise<boolean> {
    if (this.#open.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const empty = Promise.allSettled(this.#open.values()).then(() => true);
    return Promise.race([empty, late]).finally(() => clearTimeout(timer));
  }
}
