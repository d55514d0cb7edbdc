const BASE_MS = 120_000;
const PER_100_MIB_MS = 1_000;

/** How long an engine may take to load a model: 120 s and a second per 100 MiB. */
export function startupTimeoutMs(modelSizeBytes: number): number {
  return BASE_MS + Math.ceil(modelSizeBytes / (100 * 1024 * 1024)) * PER_100_MIB_MS;
}
