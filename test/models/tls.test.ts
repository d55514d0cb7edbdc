import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obtain } from '../backends/obtain.ts';
import { pull } from './pulling.ts';

const folder = await mkdtemp(join(tmpdir(), 'flexinfer-tls-'));
const key = join(folder, 'key.pem');
const certificate = join(folder, 'certificate.pem');
const openssl = await obtain('openssl', async () => {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    certificate,
    ...names,
  ];
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr || 'openssl is missing');
  return true;
});

/** A hub that sends everybody to a place without encryption. */
let server: Server | undefined;
let endpoint = '';
beforeAll(async () => {
  if (openssl === undefined) return;
  server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:9/m.gguf', 'x-repo-commit': 'a'.repeat(40) }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  endpoint = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(openssl === undefined)('a pull over TLS', () => {
  const task = () => ({ root: join(folder, 'cache'), source: 'hf://org/repo/m.gguf', endpoint });

  it('does not trust an unknown authority, says so at once, and says how to change that', async () => {
    const last = await pull(task());

    expect(last).toMatchObject({ event: 'failed', code: 'UNREACHABLE' });
    expect(last?.event === 'failed' && last.message).toMatch(/certificate is not trusted \(\w*SELF_SIGNED\w*\)/);
  });

  it('never follows a redirect from https to http', async () => {
    const last = await pull(task(), ['env', `NODE_EXTRA_CA_CERTS=${certificate}`]);

    expect(last).toMatchObject({ event: 'failed', code: 'UNREACHABLE' });
    expect(last?.event === 'failed' && last.message).toContain('without encryption: refused');
  });
});
