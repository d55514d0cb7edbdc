import { asFlexInferError, errorLine, FlexInferError } from '../api/errors.ts';
import { listenForShutdown, type Shutdown } from '../runtime/shutdown.ts';

/** What writing to a pipe or terminal says when its other end is gone. */
const GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET']);

/**
 * Keeps a failed write of stdout or stderr from ending the process with a stack trace. A reader that has seen enough,
 * such as `head`, is no failure; a full disk is.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (isGone(error)) return;
      const failure = new FlexInferError('OUTPUT_FAILED', `the output cannot be written: ${error.message}`, {
        todo: 'see whether the disk it goes to is full',
      });
      if (stream === process.stdout) process.stderr.write(`${errorLine(failure)}\n`);
      process.exit(failure.exitCode);
    });
  }
}

/** The last resort: what nobody caught is one line as well. Engines end with this process. */
export function endOnFault(): void {
  process.on('uncaughtException', (thrown: unknown) => {
    const fault = asFlexInferError(thrown);
    process.stderr.write(`${errorLine(fault)}\n`);
    process.exit(fault.exitCode);
  });
}

/** Interruption of a long command: a termination signal, or nobody reading what it prints. */
export function listenForInterruption(): Shutdown {
  const shutdown = listenForShutdown();
  const unread = new AbortController();
  const onError = (error: NodeJS.ErrnoException) => {
    if (isGone(error)) unread.abort(new FlexInferError('CANCELLED', 'nobody reads the output any more'));
  };
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) stream.on('error', onError);
  return {
    signal: AbortSignal.any([shutdown.signal, unread.signal]),
    dispose: () => {
      shutdown.dispose();
      for (const stream of streams) stream.off('error', onError);
    },
  };
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code !== undefined && GONE.has(error.code);
}
