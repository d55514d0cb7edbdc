import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';

/** What is in an image: how it is started, and the files of all its layers, in order, as `tar` lists them. */
export interface ImageContents {
  readonly config: {
    readonly User?: string;
    readonly Entrypoint?: readonly string[];
    readonly Env?: readonly string[];
  };
  readonly files: readonly string[];
}

interface Descriptor {
  readonly digest: string;
}

/** Reads an archive in OCI layout. */
export async function readImage(archive: string): Promise<ImageContents> {
  const folder = mkdtempSync(join(tmpdir(), 'flexinfer-image-'));
  try {
    await command(['tar', '-x', '-f', archive, '-C', folder]);
    const blob = ({ digest }: Descriptor) => join(folder, 'blobs', digest.replace(':', '/'));
    const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
    const index = read(join(folder, 'index.json')) as { manifests: Descriptor[] };
    const [first] = index.manifests;
    if (first === undefined) throw new Error(`${archive} has no image in it`);
    const manifest = read(blob(first)) as { config: Descriptor; layers: Descriptor[] };
    const { config } = read(blob(manifest.config)) as { config: ImageContents['config'] };
    const files: string[] = [];
    for (const layer of manifest.layers) {
      // tar finds out by itself whether a layer is compressed.
      const listing = await command(['tar', '-t', '-f', blob(layer)]);
      files.push(...listing.trim().split('\n'));
    }
    return { config, files };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
