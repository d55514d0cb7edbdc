import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../scripts/cluster/command.ts';
import { findDebianPrograms } from '../../scripts/cluster/programs.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { skipWithoutNodes } from '../cluster/possible.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { readImage } from './contents.ts';

const IMAGE = 'flexinfer.test/flexinfer:dev';
const script = join(import.meta.dirname, '../../scripts/image/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'flexinfer-product-image-'));
const archive = join(folder, 'image.tar');

beforeAll(async () => {
  await command([process.execPath, script, '--name', IMAGE, '--output', archive]);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the image', () => {
  it('runs as an ordinary user, holds its programs and their licenses, and no shell', async () => {
    const { config, files } = await readImage(archive);

    expect(config).toMatchObject({ User: '65532:65532', Entrypoint: ['/usr/local/bin/flexinfer'] });
    expect(files).toContain('usr/local/bin/flexinfer');
    expect(files).toContain('usr/share/doc/libc6/copyright');
    expect(files.filter((file) => /(^|\/)(sh|bash|busybox|apt|dpkg)$/.test(file))).toEqual([]);
  });

  it('is the same, byte for byte, when it is built again', async () => {
    const again = join(folder, 'again.tar');
    await command([process.execPath, script, '--name', IMAGE, '--output', again]);

    expect(readFileSync(again).equals(readFileSync(archive))).toBe(true);
  });

  it('is what buildah makes of images/Dockerfile', async () => {
    const { buildah } = await findDebianPrograms(['buildah'], () => undefined);
    const context = join(folder, 'context');
    const built = join(folder, 'buildah.tar');
    const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
    const dockerfile = join(import.meta.dirname, '../../images/Dockerfile');
    await command([process.execPath, script, '--rootfs', join(context, 'rootfs')]);

    await command([
      buildah,
      ...storage,
      'build',
      '--isolation=chroot',
      '--file',
      dockerfile,
      '--tag',
      'built',
      context,
    ]);
    await command([buildah, ...storage, 'push', 'built', `oci-archive:${built}`]);

    const [ours, theirs] = await Promise.all([readImage(archive), readImage(built)]);
    const { User, Entrypoint, Env } = ours.config;
    expect(theirs.config).toMatchObject({ User, Entrypoint, Env });
    const plain = (files: readonly string[]) => files.filter((file) => !file.endsWith('/')).toSorted();
    expect(plain(theirs.files)).toEqual(plain(ours.files));
  });
});

describe.skipIf(skipWithoutNodes())('the image on a node', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1, progress: (line) => console.log(line) });
    await cluster.importImage(archive);
    await cluster.kubectl(['create', 'namespace', 'guarded']);
    await cluster.kubectl(['label', 'namespace', 'guarded', 'pod-security.kubernetes.io/enforce=restricted']);
    await waitUntil('pods can be made', async () => {
      const text = await cluster.kubectl(['get', 'serviceaccount', '--namespace=guarded', '-o', 'name']);
      return text.includes('default') ? true : undefined;
    });
  });

  afterAll(async () => {
    await cluster.stop();
  });

  it('starts under restricted Pod Security, with nothing writable', async () => {
    const container = {
      name: 'main',
      image: IMAGE,
      imagePullPolicy: 'Never',
      args: ['hardware', '--output', 'json'],
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    };
    const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    const spec = { restartPolicy: 'Never', securityContext, containers: [container] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'hardware', namespace: 'guarded' }, spec };

    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
    const phase = await waitUntil('the pod ends', async () => {
      const query = ['get', 'pod', 'hardware', '--namespace=guarded', '-o', 'jsonpath={.status.phase}'];
      const text = await cluster.kubectl(query);
      return text === 'Succeeded' || text === 'Failed' ? text : undefined;
    });

    const log = await cluster.kubectl(['logs', 'hardware', '--namespace=guarded']);
    expect({ phase, log }).toMatchObject({ phase: 'Succeeded' });
    expect(JSON.parse(log)).toBeTypeOf('object');
  });
});
