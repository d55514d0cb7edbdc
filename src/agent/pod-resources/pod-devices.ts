import { access } from 'node:fs/promises';
import { messageOf } from '../../api/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { DeviceHolder } from './holders.ts';
import { listPodDevices } from './list-call.ts';

/** Which pod has which device, asked of the kubelet after each cycle where its socket is mounted. */
export class PodDevices {
  readonly #socket: string;
  readonly #log: Logger;
  #holders: readonly DeviceHolder[] | undefined;
  #complained = false;

  constructor(socket: string, log: Logger) {
    this.#socket = socket;
    this.#log = log;
  }

  /** As last answered; `undefined` when nobody could tell. */
  get holders(): readonly DeviceHolder[] | undefined {
    return this.#holders;
  }

  /** Asks again. Never rejects. */
  async refresh(signal: AbortSignal): Promise<void> {
    // No socket is usual: it is mounted only where somebody wants to know.
    const mounted = await access(this.#socket).then(
      () => true,
      () => false,
    );
    if (!mounted) {
      this.#holders = undefined;
      return;
    }
    try {
      this.#holders = await listPodDevices(this.#socket, signal);
      this.#complained = false;
    } catch (error) {
      this.#holders = undefined;
      if (!this.#complained)
        this.#log.warn(
          { socket: this.#socket, err: messageOf(error) },
          'the kubelet does not tell who has which device',
        );
      this.#complained = true;
    }
  }
}
