import { NODE_LABELS } from '../../api/names.ts';
import { CLEAN_ABSENCES } from '../../hardware/device-memory.ts';

const NAMES: readonly string[] = Object.values(NODE_LABELS);

/** What one look at the machine gave. */
export interface Look {
  /** Labels by their names without prefix. */
  readonly labels: Readonly<Record<string, string>>;
  /** Whether a GPU that is not there is really not there. */
  readonly gpusCertain: boolean;
  /** Whether the processor could be looked at. */
  readonly cpuCertain: boolean;
}

/**
 * How long a label has been missing and how much may be concluded from that. A failed look counts for nothing: a
 * broken driver takes no label away.
 */
export class LabelAbsences {
  readonly #counts = new Map<string, number>();
  #looks = 0;
  #last: Look | undefined;

  observe(look: Look): void {
    this.#looks += 1;
    this.#last = look;
    for (const name of NAMES) {
      if (name in look.labels) this.#counts.delete(name);
      else if (this.#isCertain(name)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  /** Whether three clean looks in a row did not have the label. */
  mayRemove(name: string): boolean {
    return (this.#counts.get(name) ?? 0) >= CLEAN_ABSENCES;
  }

  /**
   * Whether a label may get another value. Just after a start nothing is remembered of a GPU that does not answer now,
   * so what an earlier agent wrote is taken to know better for as long as an absence would take.
   */
  mayChange(name: string): boolean {
    return this.#isCertain(name) || (!name.startsWith('cpu.') && this.#looks > CLEAN_ABSENCES);
  }

  #isCertain(name: string): boolean {
    return (name.startsWith('cpu.') ? this.#last?.cpuCertain : this.#last?.gpusCertain) ?? false;
  }
}
