import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../cluster/command.ts';
import { findDebianPrograms } from '../cluster/programs.ts';
import { writeImageArchive } from './image-archive.ts';

describe('an image archive', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flexinfer-image-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(path: string): void {
    writeImageArchive(path, {
      name: 'flexinfer.test/example:1',
      layers: [
        [
          { path: 'tmp/', folderMode: 0o1777 },
          { path: 'bin/program', mode: 0o755, content: Buffer.from('#!/bin/sh\n') },
          { path: 'bin/link', linkTo: 'program' },
          { path: `${'long/'.repeat(25)}name`, mode: 0o644, content: Buffer.from('far down') },
        ],
      ],
      entrypoint: ['/bin/program'],
      user: '65532:65532',
      env: { HOME: '/tmp' },
    });
  }

  it('is read by skopeo, with its configuration', async () => {
    const { skopeo } = await findDebianPrograms(['skopeo'], () => undefined);
    write(join(folder, 'image.tar'));

    const config = await command([skopeo, 'inspect', '--config', `oci-archive:${folder}/image.tar`]);

    expect(JSON.parse(config)).toMatchObject({
      config: { User: '65532:65532', Entrypoint: ['/bin/program'], Env: ['HOME=/tmp'] },
    });
  });

  it('has a layer that tar unpacks: files, links, folders and long paths', async () => {
    write(join(folder, 'image.tar'));
    await command(['tar', '-xf', 'image.tar'], { cwd: folder });
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      manifests: { digest: string }[];
    };
    const blob = (digest = '') => join(folder, 'blobs', digest.replace(':', '/'));
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0]?.digest), 'utf8')) as {
      layers: { digest: string }[];
    };

    const listing = await command(['tar', '-tvf', blob(manifest.layers[0]?.digest)]);

    expect(listing).toMatch(/^drwxrwxrwt 0\/0 .* tmp\/$/m);
    expect(listing).toMatch(/^-rwxr-xr-x 0\/0 .* bin\/program$/m);
    expect(listing).toMatch(/^lrwxrwxrwx 0\/0 .* bin\/link -> program$/m);
    expect(listing).toContain(`${'long/'.repeat(25)}name`);
  });

  it('is the same, byte for byte, every time', () => {
    write(join(folder, 'first.tar'));
    write(join(folder, 'second.tar'));

    expect(readFileSync(join(folder, 'second.tar')).equals(readFileSync(join(folder, 'first.tar')))).toBe(true);
  });
});
