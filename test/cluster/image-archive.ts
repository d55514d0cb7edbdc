import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { type TarEntry, tar } from './tar.ts';

export interface ImagePlan {
  /** With host and tag, as `flexinfer.test/pause:1`. */
  readonly name: string;
  readonly files: readonly TarEntry[];
  readonly entrypoint: readonly string[];
  /** Numeric, as `65532:65532`. Default: root. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an image with one layer as an archive in OCI layout, which `ctr images import` and skopeo read. */
export function writeImageArchive(path: string, plan: ImagePlan): void {
  const layer = tar(plan.files);
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: {
      Entrypoint: plan.entrypoint,
      ...(plan.user === undefined ? {} : { User: plan.user }),
      Env: Object.entries(plan.env ?? {}).map(([name, value]) => `${name}=${value}`),
    },
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const annotations = { 'io.containerd.image.name': plan.name, 'org.opencontainers.image.ref.name': plan.name };
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...describe('application/vnd.oci.image.manifest.v1+json', manifest), annotations }],
  });
  const archive = tar([
    { path: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', mode: 0o644, content: index },
    ...[layer, config, manifest].map((blob) => ({ path: blobPath(blob), mode: 0o644, content: blob })),
  ]);
  writeFileSync(`${path}.${process.pid}`, archive);
  renameSync(`${path}.${process.pid}`, path);
}

function describe(mediaType: string, blob: Buffer): Descriptor {
  return { mediaType, digest: digestOf(blob), size: blob.length };
}

function digestOf(blob: Buffer): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`;
}

function blobPath(blob: Buffer): string {
  return `blobs/${digestOf(blob).replace(':', '/')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
