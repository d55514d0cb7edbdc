const BAR_WIDTH = 24;
const PLAIN_STEP = 0.1;

/**
 * Progress for people: one line that is redrawn on a terminal, a plain line per tenth elsewhere. Bars go to stderr or
 * stdout as the command decides; final lines stay on the screen.
 */
export class ProgressView {
  readonly #stream: NodeJS.WriteStream;
  #drawn = false;
  readonly #lastStep = new Map<string, number>();

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** A line that stays. */
  line(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** A bar for a task known by its label. `total` undefined: how much there is to do is not known. */
  bar(label: string, done: number, total: number | undefined, detail: string): void {
    const ratio = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
    if (this.#stream.isTTY) {
      const filled = ratio === undefined ? 0 : Math.round(ratio * BAR_WIDTH);
      const bar = ratio === undefined ? '' : `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] `;
      const text = `${label}  ${bar}${detail}`;
      this.#clear();
      this.#stream.write(text.slice(0, (this.#stream.columns || 80) - 1));
      this.#drawn = true;
      return;
    }
    const step = ratio === undefined ? 0 : Math.floor(ratio / PLAIN_STEP);
    if (this.#lastStep.get(label) === step) return;
    this.#lastStep.set(label, step);
    const percent = ratio === undefined ? '' : `${Math.round(ratio * 100)} %`;
    this.#stream.write(`${[label, percent, detail].filter((part) => part !== '').join('  ')}\n`);
  }

  /** Removes an unfinished bar, for instance before an error is printed. */
  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001B[K');
    this.#drawn = false;
  }
}
