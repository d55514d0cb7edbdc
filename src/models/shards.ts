/** Split GGUF models: `name-00001-of-00003.gguf`. Engines find the other shards by these names. */

const SHARD = /^(.*)-([0-9]{5})-of-([0-9]{5})\.gguf$/i;

export interface ShardName {
  readonly prefix: string;
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export function parseShardName(path: string): ShardName | undefined {
  const [, prefix, index, count] = SHARD.exec(path) ?? [];
  if (prefix === undefined || Number(count) < 1) return undefined;
  return { prefix, index: Number(index), count: Number(count) };
}

/** All files of the model that `path` belongs to, in order: itself, or its shards. */
export function modelFiles(path: string): readonly string[] {
  const shard = parseShardName(path);
  if (shard === undefined) return [path];
  const five = (value: number) => String(value).padStart(5, '0');
  const extension = path.slice(-'.gguf'.length);
  return Array.from(
    { length: shard.count },
    (_, index) => `${shard.prefix}-${five(index + 1)}-of-${five(shard.count)}${extension}`,
  );
}

export function isGguf(path: string): boolean {
  return /\.gguf$/i.test(path);
}
