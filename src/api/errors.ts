/**
 * The error catalogue: every code a user can meet, with its exit code and whether trying again can help.
 * `docs/reference/errors.md` is generated from it.
 */
const CATALOGUE = {
  USAGE: { exitCode: 2, terminal: true, meaning: 'The command line is wrong.' },
  INVALID_FILE: { exitCode: 2, terminal: true, meaning: 'A manifest cannot be read or does not follow the schema.' },
  INVALID_REFERENCE: { exitCode: 2, terminal: true, meaning: 'A model reference is malformed.' },
  NO_FIT: { exitCode: 3, terminal: true, meaning: 'No device of this machine can hold or run the model.' },
  NO_ENGINE: { exitCode: 3, terminal: true, meaning: 'The engine the manifest asks for is not installed here.' },
  UNSUPPORTED: { exitCode: 3, terminal: true, meaning: 'What was asked for is not supported here.' },
  MODEL_NOT_FOUND: { exitCode: 1, terminal: true, meaning: 'The hub, registry or disk has no such model or file.' },
  AUTH_REQUIRED: {
    exitCode: 1,
    terminal: true,
    meaning: 'The hub or registry refused the credentials, or wants some.',
  },
  DIGEST_MISMATCH: { exitCode: 1, terminal: true, meaning: 'Bytes do not have the SHA-256 that was promised.' },
  INVALID_MODEL_FILE: {
    exitCode: 1,
    terminal: true,
    meaning: 'A model file is truncated, corrupt or of an unknown kind.',
  },
  UNSUPPORTED_ARTIFACT: { exitCode: 3, terminal: true, meaning: 'An artifact has no layout that FlexInfer reads.' },
  NO_SPACE: { exitCode: 1, terminal: true, meaning: 'The disk of the model cache has too little room.' },
  CACHE_UNUSABLE: {
    exitCode: 1,
    terminal: true,
    meaning: 'The model cache is read-only, foreign or of another version.',
  },
  STATE_UNUSABLE: {
    exitCode: 1,
    terminal: true,
    meaning: 'The folder of measurements, engine logs and running servers cannot be read or written.',
  },
  OUTPUT_FAILED: { exitCode: 1, terminal: true, meaning: 'What a command prints cannot be written.' },
  UNREACHABLE: { exitCode: 1, terminal: false, meaning: 'A hub, registry or service does not answer.' },
  RATE_LIMITED: { exitCode: 1, terminal: false, meaning: 'A hub or registry asks for fewer requests.' },
  PORT_IN_USE: { exitCode: 1, terminal: true, meaning: 'Another program listens on the port.' },
  ENGINE_FAILED: { exitCode: 1, terminal: false, meaning: 'The engine exited, crashed or answered nonsense.' },
  ENGINE_TIMEOUT: { exitCode: 1, terminal: false, meaning: 'The engine did not get ready or did not answer in time.' },
  BENCHMARK_FAILED: { exitCode: 1, terminal: false, meaning: 'No valid measurement could be made.' },
  CANCELLED: { exitCode: 130, terminal: true, meaning: 'The user interrupted the command.' },
  INTERNAL: { exitCode: 1, terminal: true, meaning: 'A fault in FlexInfer itself; please report it.' },
} as const;

export type ErrorCode = keyof typeof CATALOGUE;

export const errorCatalogue: Readonly<
  Record<ErrorCode, { readonly exitCode: number; readonly terminal: boolean; readonly meaning: string }>
> = CATALOGUE;

/** What a failure says to a person: what is wrong and where, then what to do about it. */
export class FlexInferError extends Error {
  override readonly name = 'FlexInferError';
  readonly code: ErrorCode;
  /** One imperative sentence without a full stop; absent when there is nothing sensible to advise. */
  readonly todo: string | undefined;
  /** Whether a retry of the same call can never succeed. */
  readonly terminal: boolean;

  constructor(code: ErrorCode, what: string, options: { todo?: string; cause?: unknown; terminal?: boolean } = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.todo = options.todo;
    this.terminal = options.terminal ?? errorCatalogue[code].terminal;
  }

  get exitCode(): number {
    return errorCatalogue[this.code].exitCode;
  }
}

/** The one line a command prints on stderr: `error[CODE]: what is wrong: what to do`. */
export function errorLine(error: FlexInferError): string {
  const text = error.todo === undefined ? error.message : `${error.message}: ${error.todo}`;
  return `error[${error.code}]: ${text.replace(/\s*[\r\n]+\s*/g, ' ')}`;
}

/** The human part of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Gives everything thrown a code: FlexInfer's own errors pass, the rest is wrapped as INTERNAL. */
export function asFlexInferError(thrown: unknown): FlexInferError {
  return thrown instanceof FlexInferError
    ? thrown
    : new FlexInferError('INTERNAL', messageOf(thrown), {
        cause: thrown,
        todo: 'report this with the command you ran',
      });
}
