import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../api/clock.ts';
import { FlexInferError } from '../api/errors.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';

/** One model behind the gate. */
export interface GateModel {
  /** The object's name: what clients say, whatever the engine calls it. */
  readonly name: string;
  /** The engine's kind, such as `llamacpp`; a metric label, and the choice of native paths that pass. */
  readonly backend: string;
  /** `http://127.0.0.1:PORT` */
  readonly engineOrigin: string;
  /** The engine's own name for the model. */
  readonly engineModel: string;
  readonly node: string;
  /** The `model` label of metrics: `namespace/name` on a cluster. Default: the name. */
  readonly label?: string;
  /** Generations the engine gets at the same time; the rest waits in the gate. Default: 64. */
  readonly maxConcurrent?: number;
  /** The engine's own counter of generated tokens, asked every 5 s. Absent: tokens are counted from the answers. */
  readonly counters?: (signal: AbortSignal) => Promise<{ readonly generatedTokens: number } | undefined>;
  /** Ask the engine for one token, until it answers, to become ready. Default: wait for `markReady`. */
  readonly probe?: boolean;
}

/** Sizes in bytes, times in milliseconds. */
export interface GateLimits {
  readonly bodyBytes: number;
  /** Request bodies in memory at one time, all clients together. */
  readonly bufferedBytes: number;
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly headersMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  readonly connections: number;
  readonly queue: number;
  readonly queueMs: number;
  /** How long an engine may think before it answers, and pause within an answer. */
  readonly engineMs: number;
  /** One event of a stream. */
  readonly eventBytes: number;
  /** How long a client may leave an answer unread. */
  readonly clientStallMs: number;
}

export const DEFAULT_LIMITS: GateLimits = {
  bodyBytes: 32 * 1024 * 1024,
  bufferedBytes: 128 * 1024 * 1024,
  headerBytes: 16 * 1024,
  headerCount: 100,
  headersMs: 10_000,
  requestMs: 120_000,
  // Above the 60 to 90 s of usual load balancers, so that the gate is never the first to close.
  keepAliveMs: 120_000,
  connections: 4096,
  queue: 256,
  queueMs: 120_000,
  engineMs: 600_000,
  eventBytes: 16 * 1024 * 1024,
  clientStallMs: 60_000,
};

/**
 * How Node is to run a process that is only a gate. The default lets the young generation grow to several times its need,
 * for which a gate that hardly keeps anything has no use: 25 MiB less at 2,000 tokens/s (`bench/gate`).
 */
export const GATE_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=4'];

/** A page or API beside the gate's own, as `up` adds. */
export interface ExtraRoute {
  /** Exact path; with a trailing `/*` everything below. */
  readonly path: string;
  /** Served without the API key. Default: false. */
  readonly open?: boolean;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
}

export interface GateOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly models: readonly GateModel[];
  /** Asked of every client as a bearer token. Absent: nothing is asked. */
  readonly apiKey?: string;
  readonly clock: Clock;
  readonly limits?: Partial<GateLimits>;
  readonly extraRoutes?: readonly ExtraRoute[];
  readonly metrics: MetricsRegistry;
  /** Web pages of other origins that may use the gate. Default: none. */
  readonly allowedOrigins?: readonly string[];
  /** How often tokens are sampled for the live rate. Default: 5 s. */
  readonly sampleMs?: number;
  /** Told of what went wrong without a client to tell; never holds a key or a prompt. */
  readonly onProblem?: (problem: string) => void;
}

/** @throws FlexInferError USAGE for options that cannot be meant. */
export function checkOptions(options: GateOptions): void {
  if (options.models.length === 0) throw new FlexInferError('USAGE', 'the gate has no model to serve');
  const names = new Set<string>();
  for (const { name, engineOrigin, maxConcurrent } of options.models) {
    if (names.has(name)) throw new FlexInferError('USAGE', `two models of the gate are named ${name}`);
    names.add(name);
    const url = URL.canParse(engineOrigin) ? new URL(engineOrigin) : undefined;
    if (url === undefined || url.origin !== engineOrigin.replace(/\/$/, '') || url.protocol !== 'http:') {
      throw new FlexInferError('USAGE', `the engine address ${engineOrigin} of ${name} is not an origin`, {
        todo: 'give http, host and port only, as in http://127.0.0.1:8080',
      });
    }
    if (maxConcurrent !== undefined && !(Number.isInteger(maxConcurrent) && maxConcurrent > 0)) {
      throw new FlexInferError('USAGE', `${name} may run ${maxConcurrent} requests at once, which is no count`);
    }
  }
  if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/.test(options.apiKey)) {
    throw new FlexInferError('USAGE', 'the API key is empty or has characters that a header cannot carry', {
      todo: 'use printable ASCII without spaces',
    });
  }
}
