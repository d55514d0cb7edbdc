/** The nouns of a model on its way from a reference to a file that an engine can load. */

/** A parsed `spec.model.source`. */
export type ModelReference =
  | { readonly scheme: 'file'; readonly path: string }
  | { readonly scheme: 'hf'; readonly repository: string; readonly revision: string; readonly file: string | undefined }
  | {
      readonly scheme: 'oci';
      readonly registry: string;
      readonly repository: string;
      readonly tag: string;
      readonly digest: string | undefined;
    }
  | { readonly scheme: 'ollama'; readonly name: string; readonly tag: string }
  | { readonly scheme: 'pvc'; readonly claim: string; readonly path: string };

/** One tensor as the header describes it. `offset` counts from the start of the data section. */
export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly bigint[];
  readonly type: string;
  readonly offset: bigint;
  readonly bytes: bigint;
}

/** What the header of a model file tells without loading the weights. */
export interface ModelHeader {
  readonly format: 'gguf' | 'safetensors';
  readonly architecture: string;
  readonly name?: string;
  readonly license?: string;
  /** Number of weights. */
  readonly parameters: number;
  /** `Q4_1`, `F16` …: the declared file type, else the type that holds most bytes. */
  readonly quantization: string;
  /** Bytes of all tensors. */
  readonly weightBytes: number;
  /** Context the model was trained for. */
  readonly trainedContextLength?: number;
  readonly layers?: number;
  /** KV-cache bytes per token at f16 over all layers; absent when the header lacks a dimension. */
  readonly kvBytesPerToken?: number;
  /** Layers that look back only so many tokens, and their part of `kvBytesPerToken`. */
  readonly slidingWindow?: { readonly tokens: number; readonly kvBytesPerToken: number };
  readonly vocabularySize?: number;
  /** GGUF split files: this file's number and how many there are. */
  readonly split?: { readonly index: number; readonly count: number };
}

export interface ModelFile {
  /** Path inside the snapshot, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** A model whose bytes are on this machine and verified. */
export interface StoredModel {
  readonly source: string;
  readonly files: readonly ModelFile[];
  /** Folder that holds `files`. */
  readonly directory: string;
  /** Absolute path of the file an engine is given (the first shard of a split model). */
  readonly mainFile: string;
  /** SHA-256 over sorted lines `path NUL size NUL sha256`. */
  readonly contentHash: string;
  readonly header: ModelHeader;
  readonly sizeBytes: number;
  /** False when this call moved bytes into the cache. */
  readonly cacheHit: boolean;
  /** The hub could not be asked; this is what the reference meant the last time. */
  readonly stale?: true;
}

/** Memory a running replica takes, per GPU, or in host memory when it runs on the CPU. */
export interface Footprint {
  readonly perGpuMiB: number;
  readonly lowMiB: number;
  readonly highMiB: number;
  readonly source: 'estimated' | 'measured';
  readonly parts: { readonly weightsMiB: number; readonly kvCacheMiB: number; readonly overheadMiB: number };
}

export type PullPhase = 'resolving' | 'downloading' | 'verifying' | 'materialising' | 'ready';

/** Sent at every change of phase and at most once a second while bytes move. */
export interface PullProgress {
  readonly phase: PullPhase;
  readonly file?: string;
  readonly doneBytes: number;
  readonly totalBytes?: number;
}

/** What is known about a model without downloading it. */
export interface InspectedModel {
  readonly source: string;
  readonly header: ModelHeader;
  readonly sizeBytes: number;
  /** SHA-256 is absent for a file that was not hashed. */
  readonly files: readonly (Omit<ModelFile, 'sha256'> & { readonly sha256?: string })[];
  /** The hub's commit. */
  readonly commit?: string;
}

/** One model in the store. */
export interface ListedModel {
  /** References that mean it, in their one spelling. */
  readonly sources: readonly string[];
  readonly contentHash: string;
  readonly files: readonly ModelFile[];
  readonly mainFile: string;
  readonly sizeBytes: number;
  readonly header: ModelHeader;
  readonly lastUsedMs: number;
  readonly inUse: boolean;
}
