import type { Jinja, Llama, LlamaModel, LlamaSequence, NodeLlama, Sampling } from './node-llama.ts';
import { RequestError } from './request-error.ts';
import { Slots } from './slots.ts';

export interface HostOptions {
  readonly modelFile: string;
  /** Tokens per sequence. */
  readonly contextLength: number;
  readonly parallel: number;
  readonly threads: number;
  /** `F16`, `Q8_0` …; absent: the library's default. */
  readonly kvCacheType?: string;
  readonly onLog: (message: string) => void;
}

export interface HostRequest {
  readonly tokens: readonly number[];
  /** Absent: until the model ends the text or the context is full. */
  readonly maxTokens: number | undefined;
  readonly ignoreEndOfText: boolean;
  /** Whether the beginning of the prompt may be taken from what the sequence still holds. */
  readonly reusePrefix: boolean;
  readonly sampling: Sampling;
  readonly signal: AbortSignal;
}

/** Counts and times of one generation, by the clock of this process. */
export interface HostResult {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly finish: 'length' | 'end-of-text' | 'caller';
  /** From the start of the evaluation to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last: one decode step less than there are tokens. */
  readonly decodeMs: number;
}

export interface HostCounters {
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly processing: number;
  readonly waiting: number;
}

/** One model in memory and the sequences that share it. */
export class ModelHost {
  readonly model: LlamaModel;
  readonly jinja: Jinja;
  readonly options: HostOptions;
  readonly #llama: Llama;
  readonly #slots: Slots<LlamaSequence>;
  readonly #vocabularySize: number;
  #promptTokens = 0;
  #generatedTokens = 0;
  #processing = 0;

  private constructor(
    llama: Llama,
    model: LlamaModel,
    jinja: Jinja,
    options: HostOptions,
    sequences: readonly LlamaSequence[],
  ) {
    this.#llama = llama;
    this.model = model;
    this.jinja = jinja;
    this.options = options;
    this.#slots = new Slots(sequences);
    this.#vocabularySize = count(model.iterateAllTokens());
  }

  static async load(packages: { llama: NodeLlama; jinja: Jinja }, options: HostOptions): Promise<ModelHost> {
    const llama = await packages.llama.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: options.threads,
      logLevel: 'error',
      logger: (_level, message) => options.onLog(message),
    });
    const model = await llama.loadModel({ modelPath: options.modelFile });
    const context = await model.createContext({
      contextSize: options.contextLength,
      sequences: options.parallel,
      threads: options.threads,
      ...(options.kvCacheType === undefined
        ? {}
        : {
            experimentalKvCacheKeyType: options.kvCacheType,
            experimentalKvCacheValueType: options.kvCacheType,
          }),
    });
    const sequences = Array.from({ length: options.parallel }, () => context.getSequence());
    return new ModelHost(llama, model, packages.jinja, options, sequences);
  }

  get counters(): HostCounters {
    return {
      promptTokens: this.#promptTokens,
      generatedTokens: this.#generatedTokens,
      processing: this.#processing,
      waiting: this.#slots.waiting,
    };
  }

  /**
   * Generates until the caller answers `stop` to a token, the model ends the text, or there is no room.
   *
   * @throws RequestError when the prompt is empty or does not fit; the signal's reason when it fires
   */
  async generate(request: HostRequest, onToken: (token: number) => 'go on' | 'stop'): Promise<HostResult> {
    const room = this.options.contextLength - request.tokens.length;
    if (request.tokens.length === 0) {
      throw new RequestError(400, 'empty_prompt', 'the prompt is empty', 'prompt');
    }
    if (request.tokens.some((token) => token >= this.#vocabularySize)) {
      const what = `the prompt has a token id that is not below the vocabulary's size, ${this.#vocabularySize}`;
      throw new RequestError(400, 'invalid_field', what, 'prompt');
    }
    if (room < 1) {
      throw new RequestError(
        400,
        'context_length_exceeded',
        `the prompt has ${request.tokens.length} tokens, the context holds ${this.options.contextLength}`,
        'prompt',
      );
    }
    const limit = Math.min(request.maxTokens ?? room, room);
    const sequence = await this.#slots.acquire(request.signal, (slot) =>
      request.reusePrefix ? slot.compareContextTokens(request.tokens).firstDifferentIndex : -slot.nextTokenIndex,
    );
    this.#processing += 1;
    try {
      return await this.#run(sequence, request, limit, onToken);
    } finally {
      this.#processing -= 1;
      this.#slots.release(sequence);
    }
  }

  async #run(
    sequence: LlamaSequence,
    request: HostRequest,
    limit: number,
    onToken: (token: number) => 'go on' | 'stop',
  ): Promise<HostResult> {
    const cachedTokens = await prepare(sequence, request);
    const startMs = performance.now();
    let firstMs = startMs;
    let lastMs = startMs;
    let outputTokens = 0;
    let finish: HostResult['finish'] = 'length';
    this.#promptTokens += request.tokens.length - cachedTokens;

    if (limit > 0) {
      const generated = sequence.evaluate(request.tokens.slice(cachedTokens), {
        ...request.sampling,
        yieldEogToken: true,
      });
      for await (const token of generated) {
        lastMs = performance.now();
        request.signal.throwIfAborted();
        if (outputTokens === 0) {
          firstMs = lastMs;
        }
        if (!request.ignoreEndOfText && this.model.isEogToken(token)) {
          finish = 'end-of-text';
          break;
        }
        outputTokens += 1;
        this.#generatedTokens += 1;
        if (onToken(token) === 'stop') {
          finish = 'caller';
          break;
        }
        if (outputTokens >= limit) {
          break;
        }
      }
    }
    return {
      promptTokens: request.tokens.length,
      cachedTokens,
      outputTokens,
      finish,
      prefillMs: firstMs - startMs,
      decodeMs: lastMs - firstMs,
    };
  }

  async dispose(): Promise<void> {
    await this.#llama.dispose();
  }
}

/** Leaves in the sequence only what the prompt begins with; the last token is always evaluated anew, for its logits. */
async function prepare(sequence: LlamaSequence, request: HostRequest): Promise<number> {
  if (request.reusePrefix) {
    await sequence.adaptStateToTokens(request.tokens.slice(0, -1), false);
  } else {
    await sequence.clearHistory();
  }
  return sequence.nextTokenIndex;
}

function count(values: Iterable<unknown>): number {
  let size = 0;
  for (const _ of values) {
    size += 1;
  }
  return size;
}
