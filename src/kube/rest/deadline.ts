import type { Clock } from '../time/clock.ts';
import { KubeError } from './kube-error.ts';

/** A signal that aborts with the caller's, or with a `DeadlineExceeded` of its own. `end` must be called. */
export interface Deadline {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** @param what the request in words, for the error */
export function startDeadline(clock: Clock, timeoutMs: number, caller: AbortSignal, what: string): Deadline {
  const controller = new AbortController();
  if (caller.aborted) controller.abort(caller.reason);
  const follow = () => controller.abort(caller.reason);
  caller.addEventListener('abort', follow, { once: true });
  const cancel = clock.after(timeoutMs, () => {
    controller.abort(
      new KubeError(`${what}: no complete answer within ${timeoutMs / 1_000} s`, { reason: 'DeadlineExceeded' }),
    );
  });
  return {
    signal: controller.signal,
    end: () => {
      cancel();
      caller.removeEventListener('abort', follow);
    },
  };
}
