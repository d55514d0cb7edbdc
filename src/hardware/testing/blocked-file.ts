import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';

/** Puts a file in place that blocks whoever reads it, as a driver in trouble does; disposing lets all of them go. */
export function blockedFile(path: string): AsyncDisposable {
  execFileSync('sh', ['-c', 'mkdir -p "$(dirname "$1")" && rm -f "$1" && mkfifo "$1"', 'sh', path]);
  return {
    [Symbol.asyncDispose]: async () => {
      // Opened for both directions the pipe never blocks its opener, and its readers get their end when it closes.
      await (await open(path, 'r+')).close();
    },
  };
}
