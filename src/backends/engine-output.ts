import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const KEPT_LINES = 60;
const KEPT_CHARACTERS = 500;

/** Keeps the last lines of a program's output. `onLine` sees every line as it comes. */
export function collectLines(
  streams: readonly Readable[],
  onLine: (line: string) => void,
  keep: number = KEPT_LINES,
): () => readonly string[] {
  const lines: string[] = [];
  for (const stream of streams) {
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      lines.push(line.slice(0, KEPT_CHARACTERS));
      if (lines.length > keep) {
        lines.shift();
      }
      onLine(line);
    });
  }
  return () => [...lines];
}

/** Time, level and component that llama.cpp puts before its messages: `0.00.045.846 E cmn  common_init_: `. */
const PREFIX = /^\d+\.\d+\.\d+\.\d+ [A-Z] (?:[a-z]+ +)?(?:[\w()]+: )*/;
const LEVEL_ERROR = /^\d+\.\d+\.\d+\.\d+ E /;
const SPEAKS_OF_ERROR = /\b(error|failed|cannot|can't|couldn't|unable|invalid|not found|out of memory|abort|fatal)/i;

/**
 * The line that tells a person best why the engine failed. Engines print the cause first and then how everything that
 * was built upon it failed as well, so the first complaint of the last lines wins; without one, the last line.
 */
export function tellingLine(lines: readonly string[]): string | undefined {
  const told = lines.filter((line) => line.trim() !== '');
  const line =
    told.find((line) => LEVEL_ERROR.test(line)) ?? told.find((line) => SPEAKS_OF_ERROR.test(line)) ?? told.at(-1);
  return line
    ?.replace(PREFIX, '')
    .replace(/^(error|fatal): /i, '')
    .trim();
}
