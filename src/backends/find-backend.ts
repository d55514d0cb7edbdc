import { FlexInferError } from '../api/errors.ts';
import { embeddedBackend } from './embedded.ts';
import type { Backend, EngineInstall, InstallOptions } from './engine.ts';
import { LLAMA_SERVER_VARIABLE, llamacppBackend } from './llamacpp.ts';

export interface ChosenBackend {
  readonly backend: Backend;
  readonly install: EngineInstall;
}

/**
 * The engine for a manifest on this machine: the one it asks for when that is installed; otherwise,
 * when it asks for none, `llama-server` when installed, else the embedded engine, which is installed now if need be.
 *
 * @param requested `spec.backend`, or `embedded`
 *
 * Errors: NO_ENGINE, UNSUPPORTED, and those of an installation.
 */
export async function chooseBackend(
  requested: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  options: InstallOptions,
): Promise<ChosenBackend> {
  const llamacpp = llamacppBackend(env);
  const embedded = embeddedBackend(env);
  switch (requested) {
    case undefined: {
      const found = await locateOrTell(llamacpp, env, options);
      return found === undefined ? locateOrInstall(embedded, options) : { backend: llamacpp, install: found };
    }
    case 'embedded':
      return locateOrInstall(embedded, options);
    case 'llamacpp': {
      const found = await llamacpp.locate();
      if (found === undefined) {
        throw new FlexInferError('NO_ENGINE', 'the manifest asks for llamacpp, but there is no llama-server on PATH', {
          todo: `install llama.cpp, let ${LLAMA_SERVER_VARIABLE} name its llama-server, or leave out spec.backend`,
        });
      }
      return { backend: llamacpp, install: found };
    }
    default:
      throw new FlexInferError(
        'UNSUPPORTED',
        `the engine ${requested} cannot be run on this machine by FlexInfer yet`,
        {
          todo: 'leave out spec.backend, or set it to llamacpp',
        },
      );
  }
}

/** A broken llama-server on PATH that nobody asked for is only worth a line; one that is named is an error. */
async function locateOrTell(
  llamacpp: Backend,
  env: Readonly<Record<string, string | undefined>>,
  { onLine }: InstallOptions,
): Promise<EngineInstall | undefined> {
  try {
    return await llamacpp.locate();
  } catch (error) {
    if (!(error instanceof FlexInferError) || (env[LLAMA_SERVER_VARIABLE] ?? '') !== '') {
      throw error;
    }
    onLine(`${error.message}; the embedded engine is used instead`);
    return undefined;
  }
}

async function locateOrInstall(backend: Backend, options: InstallOptions): Promise<ChosenBackend> {
  const install = (await backend.locate()) ?? (await backend.install?.(options));
  if (install === undefined) {
    throw new FlexInferError('NO_ENGINE', `${backend.name} is not installed`);
  }
  return { backend, install };
}
