import { FlexInferError } from '../api/errors.ts';

/** For tests: the FlexInferError that `work` ends with. Anything else that is thrown stays thrown; success is an error. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<FlexInferError> {
  const failure = await failureOrNone(work);
  if (failure === undefined) throw new Error('expected a FlexInferError, but it succeeded');
  return failure;
}

/** The same where success is fine as well. */
export async function failureOrNone(work: Promise<unknown> | (() => unknown)): Promise<FlexInferError | undefined> {
  try {
    await (typeof work === 'function' ? work() : work);
    return undefined;
  } catch (error) {
    if (error instanceof FlexInferError) return error;
    throw error;
  }
}
