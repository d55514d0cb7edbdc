export interface CacheKeeper {
  readonly run: (signal: AbortSignal) => Promise<void>;
}
