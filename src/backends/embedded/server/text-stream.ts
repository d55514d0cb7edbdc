/** What an unfinished UTF-8 character is shown as. */
const UNFINISHED = '\uFFFD';
/** No character is longer than this many bytes, so no more tokens than this wait for one to be finished. */
const LONGEST_CHARACTER = 4;

/**
 * Turns tokens into text that can be sent at once: whole characters only, nothing that may still turn out to be the
 * beginning of a stop text, and nothing from a stop text on.
 */
export class TextStream {
  readonly #detokenize: (tokens: readonly number[], before: readonly number[]) => string;
  readonly #stops: readonly string[];
  #before: number[] = [];
  #unfinished: number[] = [];
  #held = '';
  #stopped = false;

  constructor(
    detokenize: (tokens: readonly number[], before: readonly number[]) => string,
    stops: readonly string[] = [],
  ) {
    this.#detokenize = detokenize;
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** Whether a stop text was met. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** The text that is certain now that this token is there; may be empty. */
  push(token: number): string {
    if (this.#stopped) {
      return '';
    }
    this.#unfinished.push(token);
    const text = this.#detokenize(this.#unfinished, this.#before);
    if (text.endsWith(UNFINISHED) && this.#unfinished.length < LONGEST_CHARACTER) {
      return '';
    }
    this.#before = [...this.#before, ...this.#unfinished].slice(-8);
    this.#unfinished = [];
    return this.#release(text);
  }

  /** What is left when no more tokens come; without the pieces of a character that was cut off. */
  end(): string {
    if (this.#stopped) {
      return '';
    }
    const last = this.#unfinished.length > 0 ? this.#detokenize(this.#unfinished, this.#before) : '';
    const text = last.replace(/\uFFFD+$/, '');
    this.#unfinished = [];
    const certain = this.#release(text);
    const rest = this.#stopped ? '' : this.#held;
    this.#held = '';
    return certain + rest;
  }

  #release(text: string): string {
    const all = this.#held + text;
    const found = this.#stops.map((stop) => all.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#stopped = true;
      this.#held = '';
      return all.slice(0, Math.min(...found));
    }
    const keep = Math.max(0, ...this.#stops.map((stop) => overlap(all, stop)));
    this.#held = all.slice(all.length - keep);
    return all.slice(0, all.length - keep);
  }
}

/** Length of the longest end of `text` that is a true beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) {
      return length;
    }
  }
  return 0;
}
