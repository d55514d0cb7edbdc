import type { ObservedRun } from '../benchmark/run-validity.ts';

/** An engine is a program that loads one model and generates text. One file per engine implements {@link Backend}. */

/** Everything an engine needs to know to start. Values are final: nothing is looked up or guessed later. */
export interface EngineInput {
  /** Absolute path of the model file. */
  readonly modelFile: string;
  /** Bytes of all files of the model: they decide how long the engine may take to start. */
  readonly modelSizeBytes: number;
  /** The name clients use; the object's name. */
  readonly alias: string;
  /** Tokens per sequence. */
  readonly contextLength: number;
  readonly parallel: number;
  readonly threads: number;
  /** Empty: run on the CPU. */
  readonly gpus: readonly EngineGpu[];
  readonly kvCacheType: string;
  /** Host memory for the engine's prompt cache; absent or 0 switches it off. */
  readonly hostCacheMiB?: number;
  /** The user's extra arguments, appended as they are. */
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly port: number;
}

export interface EngineGpu {
  readonly vendor: 'NVIDIA' | 'AMD';
  /** What the vendor's visibility variable takes: a UUID for NVIDIA, an index for AMD. */
  readonly id: string;
}

/** How to start an engine: data, so that a pod template and a child process are made from the same plan. */
export interface EnginePlan {
  readonly backend: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to a clean, allow-listed environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly startupTimeoutMs: number;
  /** The arguments that decide the speed: no port, no path. They go into the benchmark record. */
  readonly recordedArgs: readonly string[];
}

/** An installed engine. */
export interface EngineInstall {
  readonly command: string;
  readonly version: string;
  /** Come before the arguments of a plan: the script of an engine that an interpreter runs. */
  readonly prefixArgs?: readonly string[];
  /** Vendors whose GPUs this build can use; absent when it cannot tell. */
  readonly gpuVendors?: readonly EngineGpu['vendor'][];
}

/** How an engine is installed on first need. */
export interface InstallOptions {
  readonly signal: AbortSignal;
  /** One line per step, for people. */
  readonly onLine: (line: string) => void;
}

export interface GenerateRequest {
  /** Decides the prompt: the same seed gives the same prompt, another seed one that shares no prefix. */
  readonly seed: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly signal: AbortSignal;
}

/** One timed generation: what a run of the benchmark is judged by. */
export type Generation = ObservedRun;

/** Counters since the engine started. */
export interface EngineCounters {
  readonly generatedTokens: number;
  readonly requestsInFlight?: number;
  readonly requestsWaiting?: number;
}

/** A client of one running engine on `http://127.0.0.1:port`. */
export interface EngineClient {
  /** `loading` until the model is in memory; `failed` when the engine says it never will be. */
  health(signal: AbortSignal): Promise<'ready' | 'loading' | 'failed'>;
  /** One greedy generation with the prefix cache defeated and end-of-text ignored where the engine can. */
  generate(request: GenerateRequest): Promise<Generation>;
  /** `undefined` when the engine counts nothing. */
  counters(signal: AbortSignal): Promise<EngineCounters | undefined>;
  close(): Promise<void>;
}

export interface Backend {
  readonly name: 'llamacpp' | 'embedded' | 'ollama' | 'vllm' | 'custom';
  /** Finds the engine on this machine; `undefined` when it is not installed. */
  locate(): Promise<EngineInstall | undefined>;
  /** Only engines that FlexInfer can install itself have this. Errors: NO_ENGINE, UNREACHABLE, CANCELLED. */
  install?(options: InstallOptions): Promise<EngineInstall>;
  /** Pure. Errors: UNSUPPORTED when the engine cannot do what is asked. */
  plan(input: EngineInput, install: EngineInstall): EnginePlan;
  connect(port: number): EngineClient;
}

/** A started engine. Stopping it is always safe and idempotent. */
export interface RunningEngine {
  readonly pid: number;
  readonly port: number;
  readonly client: EngineClient;
  /** Settles when the process is gone, with how it ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** The last lines the engine printed, for error messages. */
  readonly lastLines: () => readonly string[];
  /** SIGTERM, then SIGKILL after the grace period; the whole process group. */
  stop(graceMs?: number): Promise<void>;
}
