import type { Clock } from '../time/clock.ts';
import type { CredentialSource, Credentials } from './cluster-connection.ts';
import { runPlugin } from './exec-plugin-process.ts';
import type { ExecPluginSpec } from './exec-plugin-spec.ts';

interface Issued {
  readonly credentials: Credentials;
  readonly expiresWallMs: number;
  readonly expiresMonotonicMs: number;
}

/** Runs a credential plugin when its last answer has expired or was refused, once for all requests that wait. */
export class ExecPlugin implements CredentialSource {
  readonly #spec: ExecPluginSpec;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  #issued: Issued | undefined;
  #running: Promise<Issued> | undefined;

  constructor(
    spec: ExecPluginSpec,
    around: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock },
  ) {
    this.#spec = spec;
    this.#env = around.env;
    this.#clock = around.clock;
  }

  async current(signal: AbortSignal): Promise<Credentials> {
    const issued = this.#issued;
    if (issued !== undefined && !this.#expired(issued)) return issued.credentials;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    // One caller going away must not take the answer from the others.
    const { credentials } = await abortable(this.#running, signal);
    return credentials;
  }

  refused(used: Credentials): boolean {
    // A late 401 to older credentials must not throw newer ones away.
    const issued = this.#issued?.credentials;
    if (issued === used || (used.token !== undefined && issued?.token === used.token)) this.#issued = undefined;
    return true;
  }

  /** Either clock may end them: the wall clock may have been set back, the monotonic one stops while a laptop sleeps. */
  #expired(issued: Issued): boolean {
    return this.#clock.wallMs() >= issued.expiresWallMs || this.#clock.monotonicMs() >= issued.expiresMonotonicMs;
  }

  async #run(): Promise<Issued> {
    const answer = await runPlugin(this.#spec, this.#env, this.#clock);
    const lifetimeMs = answer.expiresWallMs - this.#clock.wallMs();
    this.#issued = {
      credentials: answer.credentials,
      expiresWallMs: answer.expiresWallMs,
      expiresMonotonicMs: this.#clock.monotonicMs() + lifetimeMs,
    };
    return this.#issued;
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
