import type { KubeObject } from '../objects/object.ts';
import { type Leadership, LeadershipLostError } from './leadership.ts';

/**
 * Keeps a deposed leader from writing, also when it does not know yet that it is one: every guarded write carries the
 * number of its leader's term and the version of the object it was made from. Once a leader has written an object, a
 * write of an earlier leader meets either a newer version (409) or a greater number (refused here). So a new leader's
 * first act is a guarded write to everything it guards.
 *
 * The API server has no condition over two objects, hence no way to tie a write to the Lease itself. Source: the
 * fencing tokens of Kleppmann, How to do distributed locking, 2016.
 */
export class Fence {
  readonly #annotation: string;
  readonly #leadership: Leadership;

  /** @param annotation where the number is kept, as `example.org/leader-term` */
  constructor(annotation: string, leadership: Leadership) {
    this.#annotation = annotation;
    this.#leadership = leadership;
  }

  /**
   * The metadata that an update, merge patch or apply of `current` must carry.
   *
   * @throws LeadershipLostError when this leader's time is over, or a later one has written the object
   */
  guard(current: KubeObject) {
    const { transitions, identity } = this.#leadership;
    const { name, namespace, resourceVersion, annotations } = current.metadata;
    if (!this.#leadership.holds()) throw new LeadershipLostError(`${identity} no longer holds the lease`);
    const written = Number(annotations?.[this.#annotation] ?? -1);
    if (written > transitions) {
      throw new LeadershipLostError(`${current.kind} ${name} was written in term ${written}, ours is ${transitions}`);
    }
    return {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      resourceVersion,
      annotations: { ...annotations, [this.#annotation]: String(transitions) },
    };
  }
}
