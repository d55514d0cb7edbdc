import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlexInferError } from '../api/errors.ts';
import type { Backend, EngineClient, EnginePlan, RunningEngine } from './engine.ts';
import { engineEnvironment } from './engine-environment.ts';
import { collectLines, tellingLine } from './engine-output.ts';
import { isFree } from './free-port.ts';
import { signalGroup, spawnTied } from './tied-process.ts';

const HEALTH_EVERY_MS = 50;
const HEALTH_TIMEOUT_MS = 5_000;
const DEFAULT_GRACE_MS = 10_000;

export interface StartOptions {
  /** Ends the start; an engine that runs already is not touched. */
  readonly signal: AbortSignal;
  /** Every line the engine prints. */
  readonly onLine?: (line: string) => void;
  /** What the engine may inherit a part of; our own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts the engine and waits until the model is in memory. The engine never outlives this process.
 *
 * Errors, all after the engine is gone: ENGINE_FAILED when it ends or gives up before it is ready, ENGINE_TIMEOUT,
 * CANCELLED. PORT_IN_USE comes before anything is started.
 */
export async function startEngine(
  backend: Pick<Backend, 'connect'>,
  plan: EnginePlan,
  options: StartOptions,
): Promise<RunningEngine> {
  if (options.signal.aborted) {
    throw cancelled(plan);
  }
  // Whoever has the port already would answer in the engine's place.
  if (!(await isFree(plan.port))) {
    throw new FlexInferError('PORT_IN_USE', `another program listens on port ${plan.port} of 127.0.0.1`, {
      todo: 'try again',
    });
  }
  const child = spawnTied(plan.command, plan.args, engineEnvironment(options.env ?? process.env, plan.env));
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    const [error] = await once(child, 'error');
    throw new FlexInferError('ENGINE_FAILED', `${plan.backend} cannot be started`, { cause: error });
  }
  const lastLines = collectLines([stdout, stderr], options.onLine ?? (() => {}));
  const closed = once(child, 'close');
  const exited = once(child, 'exit').then(([code, signal]) => {
    // What the engine started itself goes with it.
    signalGroup(pid, 'SIGKILL');
    return { code: typeof code === 'number' ? code : null, signal: typeof signal === 'string' ? signal : null };
  });
  const client = backend.connect(plan.port);

  const stop = async (graceMs = DEFAULT_GRACE_MS): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      // An open answer would keep llama-server from ending.
      await client.close();
      await exited;
      clearTimeout(timer);
    }
    await client.close();
  };

  const gone = new AbortController();
  void exited.then(() => gone.abort());
  try {
    await untilReady(client, plan, AbortSignal.any([options.signal, gone.signal]));
  } catch (error) {
    const ended = gone.signal.aborted;
    await stop();
    if (!ended) {
      throw options.signal.aborted ? cancelled(plan) : withLine(error, lastLines());
    }
    // The last words may still be in the pipe; a grandchild that keeps it open must not keep us.
    await Promise.race([closed, sleep(1_000)]);
    throw endedEarly(plan, await exited, lastLines());
  }
  return { pid, port: plan.port, client, exited, lastLines, stop };
}

async function untilReady(client: EngineClient, plan: EnginePlan, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + plan.startupTimeoutMs;
  while (performance.now() < deadline) {
    const state = await client.health(AbortSignal.any([signal, AbortSignal.timeout(HEALTH_TIMEOUT_MS)]));
    signal.throwIfAborted();
    if (state === 'ready') {
      return;
    }
    if (state === 'failed') {
      throw new FlexInferError('ENGINE_FAILED', `${plan.backend} cannot load the model`);
    }
    await sleep(HEALTH_EVERY_MS, undefined, { signal });
  }
  throw new FlexInferError(
    'ENGINE_TIMEOUT',
    `${plan.backend} was not ready after ${Math.round(plan.startupTimeoutMs / 1000)} s`,
    { todo: 'see whether the disk or the machine is overloaded, or choose a smaller model' },
  );
}

function endedEarly(
  plan: EnginePlan,
  how: { readonly code: number | null; readonly signal: string | null },
  lines: readonly string[],
): FlexInferError {
  const ended = how.signal === null ? `with code ${how.code}` : `by ${how.signal}`;
  const line = tellingLine(lines) ?? 'it printed nothing';
  const todo = advice(how.signal, line);
  return new FlexInferError(
    'ENGINE_FAILED',
    `${plan.backend} ended ${ended} before it was ready: ${line}`,
    todo === undefined ? {} : { todo },
  );
}

function advice(signal: string | null, line: string): string | undefined {
  if (signal === 'SIGKILL' || /out of memory|failed to allocate/i.test(line)) {
    return 'see whether there is too little memory for this model, or lower spec.contextLength or spec.parallel';
  }
  if (/invalid argument/i.test(line)) {
    return 'take the argument out of spec.args, or install a newer version of the engine';
  }
  return undefined;
}

function withLine(error: unknown, lines: readonly string[]): unknown {
  const line = tellingLine(lines);
  return error instanceof FlexInferError && line !== undefined
    ? new FlexInferError(error.code, `${error.message}; it last printed: ${line}`, {
        cause: error,
        ...(error.todo === undefined ? {} : { todo: error.todo }),
      })
    : error;
}

function cancelled(plan: EnginePlan): FlexInferError {
  return new FlexInferError('CANCELLED', `starting ${plan.backend} was interrupted`);
}
