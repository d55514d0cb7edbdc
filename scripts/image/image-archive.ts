import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';

export interface ImagePlan {
  /** With host and tag, as `flexinfer.test/pause:1`. */
  readonly name: string;
  /** The layers, lowest first; what changes least belongs lowest. */
  readonly layers: readonly (readonly TarEntry[])[];
  readonly entrypoint: readonly string[];
  /** Numeric, as `65532:65532`. Default: root. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Smaller and slower to make. Default: as it is. */
  readonly compress?: boolean;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an image as an archive in OCI layout, which `ctr images import`, skopeo and podman read. */
export function writeImageArchive(path: string, plan: ImagePlan): void {
  const layers = plan.layers.map((entries) => layerOf(tar(entries), plan.compress === true));
  const config = json({
    architecture: 'amd64',
    os: 'linux',
    config: {
      Entrypoint: plan.entrypoint,
      ...(plan.user === undefined ? {} : { User: plan.user }),
      ...(plan.labels === undefined ? {} : { Labels: plan.labels }),
      Env: Object.entries(plan.env ?? {}).map(([name, value]) => `${name}=${value}`),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => describe(layer.mediaType, layer.blob)),
  });
  const annotations = { 'io.containerd.image.name': plan.name, 'org.opencontainers.image.ref.name': plan.name };
  const index = json({
    schemaVersion: 2,
    manifests: [{ ...describe('application/vnd.oci.image.manifest.v1+json', manifest), annotations }],
  });
  const archive = tar([
    { path: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', mode: 0o644, content: index },
    ...[...layers.map((layer) => layer.blob), config, manifest].map((blob) => ({
      path: blobPath(blob),
      mode: 0o644,
      content: blob,
    })),
  ]);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, archive);
  renameSync(`${path}.${process.pid}`, path);
}

interface Layer {
  readonly mediaType: string;
  readonly blob: Buffer;
  /** Digest of the layer before compression. */
  readonly diffId: string;
}

function layerOf(archive: Buffer, compress: boolean): Layer {
  const mediaType = 'application/vnd.oci.image.layer.v1.tar';
  const diffId = digestOf(archive);
  return compress
    ? { mediaType: `${mediaType}+gzip`, blob: gzipSync(archive, { level: 9 }), diffId }
    : { mediaType, blob: archive, diffId };
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
