import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The part of node-llama-cpp 3.22.1 and @huggingface/jinja 0.5.11 that this server calls. Both live in the engine's own
 * folder, never among FlexInfer's dependencies, so their types cannot be imported; these are theirs, cut to size.
 */
export interface NodeLlama {
  getLlama(options: {
    gpu: false;
    build: 'never';
    skipDownload: true;
    progressLogs: false;
    maxThreads: number;
    logLevel: 'error';
    logger: (level: string, message: string) => void;
  }): Promise<Llama>;
}

export interface Llama {
  loadModel(options: { modelPath: string }): Promise<LlamaModel>;
  dispose(): Promise<void>;
}

export interface LlamaModel {
  readonly tokens: {
    readonly bos: number | null;
    readonly bosString: string | null;
    readonly eosString: string | null;
    readonly shouldPrependBosToken: boolean;
  };
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: unknown } } };
  readonly trainContextSize: number;
  /** `parseSpecial`: whether the spelling of a special token becomes that token. */
  tokenize(text: string, parseSpecial: boolean): number[];
  detokenize(tokens: readonly number[], showSpecial: boolean, before?: readonly number[]): string;
  isEogToken(token: number): boolean;
  iterateAllTokens(): Iterable<number>;
  createContext(options: {
    /** Per sequence. */
    contextSize: number;
    sequences: number;
    threads: number;
    experimentalKvCacheKeyType?: string;
    experimentalKvCacheValueType?: string;
  }): Promise<LlamaContext>;
}

export interface LlamaContext {
  getSequence(): LlamaSequence;
}

export interface Sampling {
  /** 0: always the likeliest token. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number;
}

export interface LlamaSequence {
  /** How many tokens of the context are in memory. */
  readonly nextTokenIndex: number;
  compareContextTokens(tokens: readonly number[]): { readonly firstDifferentIndex: number };
  adaptStateToTokens(tokens: readonly number[], allowShift: boolean): Promise<void>;
  clearHistory(): Promise<void>;
  /** Evaluates `tokens`, then yields generated ones until the caller stops. */
  evaluate(tokens: readonly number[], options: Sampling & { yieldEogToken: true }): AsyncGenerator<number, void>;
}

export interface Jinja {
  readonly Template: new (template: string) => { render(values: Record<string, unknown>): string };
}

/** Loads both packages from the folder that `npm ci` filled. */
export async function loadPackages(engineFolder: string): Promise<{ llama: NodeLlama; jinja: Jinja }> {
  const require = createRequire(join(engineFolder, 'package.json'));
  const load = (name: string): Promise<unknown> => import(pathToFileURL(require.resolve(name)).href);
  const [llama, jinja] = await Promise.all([load('node-llama-cpp'), load('@huggingface/jinja')]);
  if (!isNodeLlama(llama) || !isJinja(jinja)) {
    throw new Error(`${engineFolder} does not hold the packages this engine needs`);
  }
  return { llama, jinja };
}

function isNodeLlama(module: unknown): module is NodeLlama {
  return typeof module === 'object' && module !== null && 'getLlama' in module && typeof module.getLlama === 'function';
}

function isJinja(module: unknown): module is Jinja {
  return typeof module === 'object' && module !== null && 'Template' in module && typeof module.Template === 'function';
}
