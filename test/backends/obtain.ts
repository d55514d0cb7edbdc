/** Whether a missing part of the world is a failure, as in CI, or a reason to skip, as on somebody's laptop. */
const mustHave = process.env['CI'] !== undefined && process.env['CI'] !== '';

/**
 * Gets a real part for a test file. Where it cannot be had the file is skipped with a line that cannot be overlooked,
 * but in CI that is an error.
 *
 * @returns `undefined` when the tests are to be skipped
 */
export async function obtain<T>(what: string, get: () => Promise<T>): Promise<T | undefined> {
  try {
    return await get();
  } catch (error) {
    if (mustHave) {
      throw error;
    }
    const why = error instanceof Error ? error.message : String(error);
    console.error(`\n*** SKIPPED: no ${what} here, so what needs one is not tested: ${why}\n`);
    return undefined;
  }
}
