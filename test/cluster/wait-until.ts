import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it gives a value, and returns that value.
 *
 * @param what what is waited for, for the message; a function is asked only when time is up
 * @param options.onlyWhile gives up at once when this turns false
 * @throws Error naming `what`, and the last error of `condition`, when it has given nothing by the deadline
 */
export async function waitUntil<T>(
  what: string | (() => string),
  condition: () => Promise<T | undefined> | T | undefined,
  options: { readonly timeoutMs?: number; readonly everyMs?: number; readonly onlyWhile?: () => boolean } = {},
): Promise<T> {
  const { timeoutMs = 60_000, everyMs = 100 } = options;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    const late = Date.now() >= deadline;
    if (late || options.onlyWhile?.() === false) {
      const text = typeof what === 'string' ? what : what();
      const why = late ? `not within ${timeoutMs / 1000} s` : 'given up';
      throw new Error(`${text}: ${why}`, last === undefined ? {} : { cause: last });
    }
    await delay(everyMs);
  }
}
