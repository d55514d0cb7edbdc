/** Options that every command understands. */
export interface CommonOptions {
  readonly output: OutputFormat;
  readonly cache?: string;
}

export type OutputFormat = 'table' | 'json' | 'yaml';
