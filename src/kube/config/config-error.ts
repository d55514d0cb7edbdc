/** Why no connection to a cluster can be configured. The message says what is wrong and in which file or entry. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
  /** What to do about it: one imperative sentence without a full stop. */
  readonly todo: string;

  constructor(what: string, todo: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause });
    this.todo = todo;
  }
}
