import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../api/errors.ts';
import { listenFailure } from '../runtime/port.ts';
import { isLoopback } from './access.ts';
import { ExchangeSet } from './exchange-set.ts';
import { GateHandler } from './handler.ts';
import { checkOptions, DEFAULT_LIMITS, type GateLimits, type GateOptions } from './options.ts';
import { untilAnswered } from './probe.ts';
import { INTERNAL } from './refusals.ts';
import { refuse } from './reply.ts';
import { ServedModel } from './served-model.ts';

const SAMPLE_MS = 5_000;
const GRACE_MS = 30_000;

/** A running gate. */
export interface Gate {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  /** The model has answered once and may be asked. */
  markReady(name: string): void;
  setReady(name: string, ready: boolean): void;
  /** Tokens per second of the last minute, or `undefined` while unknown. */
  liveRate(name: string): number | undefined;
  /** Refuses what is new and waits for what runs, at most `graceMs` (default 30 s), which then is cut off. */
  drain(options?: { readonly graceMs?: number }): Promise<void>;
  /** Drains, then stops listening. Safe to call twice. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * Starts one HTTP server in front of one engine per model.
 *
 * @throws FlexInferError PORT_IN_USE when the port is taken, USAGE for options that cannot be meant
 */
export async function startGate(options: GateOptions): Promise<Gate> {
  checkOptions(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const models = new Map(
    options.models.map((model) => [model.name, new ServedModel(model, limits, options.clock, options.metrics)]),
  );
  const running = new RunningGate(options, limits, models);
  const port = await listen(running.server, options.port, options.host).catch(async (error: unknown) => {
    await running.close({ graceMs: 0 });
    throw listenFailure(error, options.port, options.host);
  });
  return running.begin(port);
}

class RunningGate {
  readonly server: Server;
  readonly #options: GateOptions;
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #exchanges = new ExchangeSet();
  readonly #stop = new AbortController();
  readonly #probing = new Set<string>();
  #closed: Promise<void> | undefined;
  #stopScraping: () => void;

  constructor(options: GateOptions, limits: GateLimits, models: ReadonlyMap<string, ServedModel>) {
    this.#options = options;
    this.#models = models;
    const handler = new GateHandler({
      options,
      limits,
      models,
      exchanges: this.#exchanges,
      guarded: isLoopback(options.host) && options.apiKey === undefined,
      onEngineGone: (model, why) => this.#engineGone(model, why),
    });
    this.server = serverFor(limits, (request, response) => this.#handle(handler, request, response));
    this.#stopScraping = options.metrics.beforeScrape(() => {
      for (const model of models.values()) model.refreshMetrics();
    });
  }

  begin(port: number): Gate {
    const { host } = this.#options;
    const timer = setInterval(() => this.#sample(), this.#options.sampleMs ?? SAMPLE_MS);
    this.#stop.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    timer.unref();
    for (const model of this.#models.values()) if (model.config.probe === true) this.#probe(model);
    const shown = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
    return {
      address: { host, port, url: `http://${shown}:${port}` },
      markReady: (name) => this.#model(name).setReady(true),
      setReady: (name, ready) => this.#model(name).setReady(ready),
      liveRate: (name) => this.#model(name).liveRate(),
      drain: (options) => this.#exchanges.drain(options?.graceMs ?? GRACE_MS),
      close: (options) => this.close(options ?? {}),
    };
  }

  close({ graceMs = GRACE_MS }: { readonly graceMs?: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    await this.#exchanges.drain(graceMs);
    this.#stop.abort();
    this.#stopScraping();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      // What is still open is idle, or an answer whose last bytes are on their way.
      this.server.closeIdleConnections();
      setTimeout(() => this.server.closeAllConnections(), LAST_BYTES_MS).unref();
    });
    for (const model of this.#models.values()) model.close();
  }

  #handle(handler: GateHandler, request: IncomingMessage, response: ServerResponse): void {
    handler.handle(request, response).catch((error: unknown) => {
      this.#options.onProblem?.(`a request failed inside the gate: ${messageOf(error)}`);
      refuse(request, response, INTERNAL);
    });
  }

  #sample(): void {
    for (const model of this.#models.values()) {
      model.sample(this.#stop.signal).catch((error: unknown) => {
        this.#options.onProblem?.(`the tokens of ${model.config.name} cannot be counted: ${messageOf(error)}`);
      });
    }
  }

  #engineGone(model: ServedModel, why: string): void {
    this.#options.onProblem?.(why);
    if (model.config.probe !== true) return;
    model.setReady(false);
    this.#probe(model);
  }

  /** Asks in the background until the engine answers; once at a time. */
  #probe(model: ServedModel): void {
    const { name } = model.config;
    if (this.#probing.has(name)) return;
    this.#probing.add(name);
    const probing = async () => {
      const answered = await untilAnswered(model, this.#stop.signal);
      this.#probing.delete(name);
      if (answered) model.setReady(true);
    };
    probing().catch((error: unknown) => this.#options.onProblem?.(`${name} cannot be asked: ${messageOf(error)}`));
  }

  #model(name: string): ServedModel {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`the gate serves no model ${name}`);
    return model;
  }
}

const LAST_BYTES_MS = 1_000;

function serverFor(limits: GateLimits, handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
      noDelay: true,
    },
    handle,
  );
  // Without a listener the body is asked for before anyone looked at key, size and path.
  server.on('checkContinue', handle);
  server.maxConnections = limits.connections;
  // One more than allowed, so that the handler sees there are too many where Node would silently drop the rest.
  server.maxHeadersCount = limits.headerCount + 1;
  return server;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
