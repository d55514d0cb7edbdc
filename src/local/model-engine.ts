import { FlexInferError, messageOf } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import { parseQuantity } from '../api/quantity.ts';
import type {
  Backend,
  EngineClient,
  EngineGpu,
  EngineInput,
  EngineInstall,
  EnginePlan,
  RunningEngine,
} from '../backends/engine.ts';
import { freePort } from '../backends/free-port.ts';
import { startEngine } from '../backends/start-engine.ts';
import type { GpuDevice, Inventory } from '../hardware/inventory.ts';
import type { StoredModel } from '../models/model.ts';
import { engineThreads, type LocalDevice } from './devices.ts';
import { EngineLog } from './engine-log.ts';
import type { OnEvent } from './events.ts';
import type { Machine } from './machine.ts';

const MAX_RESTARTS = 5;
const FIRST_PAUSE_MS = 1000;
/** An engine that served for so long was well. */
const FORGIVEN_MS = 10 * 60_000;

export interface ModelEngineOptions {
  readonly machine: Machine;
  readonly deployment: ModelDeployment;
  readonly model: StoredModel;
  readonly device: LocalDevice;
  readonly backend: Backend;
  readonly install: EngineInstall;
  readonly onEvent: OnEvent;
}

/** The engine of one model: started, watched, started again when it ends by itself, and stopped. */
export class ModelEngine {
  readonly plan: EnginePlan;
  readonly threads: number;
  /** From the start of the process to the model in memory, of the first start. */
  startSeconds = 0;
  readonly #options: ModelEngineOptions;
  readonly #log: EngineLog;
  readonly #stopping = new AbortController();
  #running: RunningEngine | undefined;
  #launching: Promise<void> | undefined;

  private constructor(options: ModelEngineOptions, plan: EnginePlan, threads: number, log: EngineLog) {
    this.#options = options;
    this.plan = plan;
    this.threads = threads;
    this.#log = log;
  }

  /** @throws FlexInferError ENGINE_FAILED, ENGINE_TIMEOUT, CANCELLED; then nothing is left running. */
  static async start(options: ModelEngineOptions, signal: AbortSignal): Promise<ModelEngine> {
    const { machine, deployment, backend, install, onEvent } = options;
    const threads = threadsOf(options);
    const plan = backend.plan(await engineInput(options, threads), install);
    const log = await EngineLog.open(machine.stateDirectory, deployment.metadata.name);
    const engine = new ModelEngine(options, plan, threads, log);
    const begin = performance.now();
    try {
      await engine.#launch(signal);
    } catch (error) {
      await engine.stop();
      throw engine.withLog(error);
    }
    engine.startSeconds = (performance.now() - begin) / 1000;
    onEvent({
      event: 'engine',
      model: deployment.metadata.name,
      backend: backend.name,
      state: 'ready',
      version: install.version,
      startSeconds: engine.startSeconds,
      threads,
    });
    return engine;
  }

  get client(): EngineClient {
    if (this.#running === undefined) throw new FlexInferError('ENGINE_FAILED', 'the engine is not running');
    return this.#running.client;
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /**
   * Starts the engine again whenever it ends by itself, after a pause that doubles.
   *
   * @returns when {@link stop} was called
   * @throws FlexInferError ENGINE_FAILED after too many restarts
   */
  async supervise(onReady: (ready: boolean) => void): Promise<void> {
    const { deployment, backend, onEvent } = this.#options;
    const { signal } = this.#stopping;
    for (let restarts = 0; !signal.aborted; restarts += 1) {
      const begin = performance.now();
      const ended = await this.#running?.exited;
      // Crashes count while they come one after the other; a long service in between forgives them.
      if (performance.now() - begin > FORGIVEN_MS) restarts = 0;
      if (signal.aborted || ended === undefined) return;
      onReady(false);
      const how = ended.signal === null ? `with code ${ended.code}` : `by ${ended.signal}`;
      const detail = `it ended ${how} while serving`;
      onEvent({ event: 'engine', model: deployment.metadata.name, backend: backend.name, state: 'exited', detail });
      if (restarts >= MAX_RESTARTS) {
        throw this.withLog(
          new FlexInferError('ENGINE_FAILED', `${backend.name} ended ${how} and was started ${restarts} times before`),
        );
      }
      await pause(FIRST_PAUSE_MS * 2 ** restarts, signal);
      if (signal.aborted) return;
      try {
        await this.#launch(signal);
      } catch (error) {
        if (signal.aborted) return;
        throw this.withLog(error);
      }
      onReady(true);
    }
  }

  /** Idempotent; an engine that is being started is stopped as well. Never throws for an engine that is gone already. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    // A restart under way ends by the signal, and only then is it known what runs.
    await this.#launching?.catch(() => undefined);
    await this.#running?.stop();
    await this.#log.close();
  }

  async #launch(signal: AbortSignal): Promise<void> {
    this.#launching = this.#start(signal);
    await this.#launching;
  }

  async #start(signal: AbortSignal): Promise<void> {
    this.#running = await startEngine(this.#options.backend, this.plan, {
      signal,
      onLine: (line) => {
        this.#log.write(line);
      },
    });
  }

  /** A failure of this engine with the model's name and where the engine's own words are. */
  withLog(error: unknown): unknown {
    if (!(error instanceof FlexInferError) || error.code === 'CANCELLED') return error;
    const todo =
      error.todo === undefined ? `see ${this.#log.path}` : `${error.todo}; the engine's log is ${this.#log.path}`;
    return new FlexInferError(error.code, `${this.#options.deployment.metadata.name}: ${messageOf(error)}`, {
      cause: error,
      todo,
    });
  }
}

function threadsOf({ deployment, machine }: ModelEngineOptions): number {
  const requested = parseQuantity(deployment.spec.hardware.cpu) ?? 1;
  return engineThreads(requested, machine.inventory.cpu.allocatableCores);
}

async function engineInput(options: ModelEngineOptions, threads: number): Promise<EngineInput> {
  const { spec, metadata } = options.deployment;
  return {
    modelFile: options.model.mainFile,
    modelSizeBytes: options.model.sizeBytes,
    alias: metadata.name,
    contextLength: spec.contextLength,
    parallel: spec.parallel,
    threads,
    gpus: options.device.gpus.slice(0, spec.hardware.gpus).map((gpu) => visibleGpu(gpu, options.machine.inventory)),
    kvCacheType: spec.kvCache.type,
    args: spec.args,
    env: spec.env,
    port: await freePort(),
  };
}

/** NVIDIA's runtime takes UUIDs. AMD's counts the cards of its own vendor, in PCI order. */
function visibleGpu(gpu: GpuDevice, inventory: Inventory): EngineGpu {
  if (gpu.vendor === 'NVIDIA' && gpu.uuid !== undefined) return { vendor: gpu.vendor, id: gpu.uuid };
  const ownKind = inventory.gpus.filter((other) => other.vendor === gpu.vendor);
  return { vendor: gpu.vendor, id: String(ownKind.findIndex((other) => other.index === gpu.index)) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
