import type { HostFiles } from './host-files.ts';
import type { HardwareProblem } from './inventory.ts';

/** What every probe is given. */
export interface ProbeContext {
  readonly files: HostFiles;
  /** Aborting ends the wait and kills any child; what is known by then is returned. */
  readonly signal?: AbortSignal;
}

/** A finding and what went wrong on the way to it. Probes never throw for odd hardware. */
export interface ProbeResult<T> {
  readonly value: T;
  readonly problems: readonly HardwareProblem[];
}

/** One source of facts about the machine: a thin layer of I/O around pure parsers. */
export interface Probe<T> {
  readonly source: HardwareProblem['source'];
  readonly probe: (context: ProbeContext) => Promise<ProbeResult<T>>;
}
