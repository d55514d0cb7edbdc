import { FlexInferError } from '../api/errors.ts';

export interface Shutdown {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP, with a CANCELLED error as its reason. */
  readonly signal: AbortSignal;
  /** Stops listening, so that the process can end by itself. */
  readonly dispose: () => void;
}

/**
 * Turns termination signals into an AbortSignal. A second signal while the first is being obeyed ends the process at
 * once with 128 + its number, for the person who has waited long enough.
 */
export function listenForShutdown(onSignal: (name: string) => void = () => undefined): Shutdown {
  const controller = new AbortController();
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
  const handlers = Object.entries(numbers).map(([name, number]) => {
    const handler = () => {
      if (controller.signal.aborted) process.exit(128 + number);
      onSignal(name);
      controller.abort(new FlexInferError('CANCELLED', `stopped by ${name}`));
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return {
    signal: controller.signal,
    dispose: () => {
      for (const off of handlers) off();
    },
  };
}
