import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { clusterConnection } from '../../src/kube/config/cluster-config.ts';
import { inClusterConnection } from '../../src/kube/config/in-cluster.ts';
import { builtin } from '../../src/kube/objects/builtin-resources.ts';
import { isRecord } from '../../src/kube/objects/object.ts';
import { KubeClient } from '../../src/kube/rest/kube-client.ts';
import { systemClock } from '../../src/kube/time/clock.ts';
import { createAuthority, createCertificate } from '../cluster/certificates.ts';
import { type ControlPlane, startControlPlane } from '../cluster/control-plane.ts';
import { connect } from './connect.ts';

let plane: ControlPlane;
let folder: string;
let admin: KubeClient;
/** Service account `reader` may read namespaces. */
let token: string;
const signal = AbortSignal.timeout(600_000);
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  plane = await startControlPlane();
  folder = await mkdtemp(join(tmpdir(), 'kube-connections-'));
  admin = await connect(plane);
  await plane.kubectl(['create', 'serviceaccount', 'reader']);
  await plane.kubectl(['create', 'clusterrole', 'reader', '--verb=get,list', '--resource=namespaces']);
  await plane.kubectl([
    'create',
    'clusterrolebinding',
    'reader',
    '--clusterrole=reader',
    '--serviceaccount=default:reader',
  ]);
  token = await newToken();
  await writeFile(path('ca.crt'), plane.admin.ca);
});

afterAll(async () => {
  await admin?.close();
  await plane?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function newToken(): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3_600 } };
  const ref = { namespace: 'default', name: 'reader' };
  const answer = await admin.createSubresource(builtin.serviceAccounts, ref, 'token', request, { signal });
  const status = isRecord(answer) && isRecord(answer.status) ? answer.status : {};
  return String(status.token);
}

/** Reads a namespace with a kubeconfig of these parts; the files it names are relative to `folder`. */
async function read(cluster: object, user: object): Promise<string> {
  const config = {
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server: plane.admin.server, ...cluster } }],
    users: [{ name: 'x', user }],
  };
  await writeFile(path('config'), stringify(config));
  const client = new KubeClient({ connection: await clusterConnection({ path: path('config') }) });
  try {
    return (await client.get(builtin.namespaces, { name: 'default' }, { signal })).metadata.name;
  } finally {
    await client.close();
  }
}

const trusted = { 'certificate-authority': 'ca.crt' };

describe('a kubeconfig against the real API server', () => {
  it('works with a token, a token file and certificates in files', async () => {
    await writeFile(path('token'), token);
    await writeFile(path('client.crt'), plane.admin.certificate);
    await writeFile(path('client.key'), plane.admin.key);

    expect(await read(trusted, { token })).toBe('default');
    expect(await read(trusted, { tokenFile: 'token' })).toBe('default');
    expect(await read(trusted, { 'client-certificate': 'client.crt', 'client-key': 'client.key' })).toBe('default');
  });

  it('works with an exec plugin that gives a token or a certificate', async () => {
    const apiVersion = 'client.authentication.k8s.io/v1';
    const credential = (status: object) => JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
    await writeFile(path('token.json'), credential({ token }));
    const pair = { clientCertificateData: plane.admin.certificate, clientKeyData: plane.admin.key };
    await writeFile(path('pair.json'), credential(pair));
    const plugin = (file: string) => ({ exec: { apiVersion, command: 'cat', args: [path(file)] } });

    expect(await read(trusted, plugin('token.json'))).toBe('default');
    expect(await read(trusted, plugin('pair.json'))).toBe('default');
  });

  it('refuses a server of another authority, and says what to look at', async () => {
    const other = await createAuthority(folder, 'other');
    const reading = read({ 'certificate-authority': other.certificate }, { token });

    await expect(reading).rejects.toMatchObject({ reason: 'TlsFailed' });
    await expect(read({}, { token })).rejects.toThrow(/authority and certificate of context "x"/);
    expect(await read({ 'insecure-skip-tls-verify': true }, { token })).toBe('default');
  });

  it('expects the name it is told to expect', async () => {
    const port = new URL(plane.admin.server).port;
    const elsewhere = { ...trusted, server: `https://127.0.0.2:${port}` };
    await using _ = await forwardFrom('127.0.0.2', Number(port));

    await expect(read(elsewhere, { token })).rejects.toMatchObject({ reason: 'TlsFailed' });
    expect(await read({ ...elsewhere, 'tls-server-name': 'kubernetes.default.svc' }, { token })).toBe('default');
  });

  it('goes through an HTTP proxy', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket, head) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connectTcp(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    });
    const proxyPort = await listen(proxy, '127.0.0.1');

    const name = await read({ ...trusted, 'proxy-url': `http://me:secret@127.0.0.1:${proxyPort}` }, { token });
    proxy.close();

    expect(name).toBe('default');
    expect(asked).toEqual([`CONNECT ${new URL(plane.admin.server).host} Basic ${btoa('me:secret')}`]);
  });

  it('fails with a typed error at a proxy that refuses', async () => {
    const proxy = createServer();
    proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    const proxyPort = await listen(proxy, '127.0.0.1');

    const reading = read({ ...trusted, 'proxy-url': `http://127.0.0.1:${proxyPort}` }, { token });

    await expect(reading).rejects.toMatchObject({ reason: 'Unreachable' });
    proxy.close();
  });

  it('says who may not do what', async () => {
    await expect(read(trusted, { token: 'nonsense' })).rejects.toMatchObject({ code: 401, reason: 'Unauthorized' });
    await expect(read(trusted, {})).rejects.toMatchObject({ code: 403, reason: 'Forbidden' });
  });
});

describe('a pod', () => {
  it('goes on with a new token after its old one is refused, and with a new authority', async () => {
    await writeFile(path('namespace'), 'default');
    await writeFile(path('token'), 'a token from before');
    const { hostname, port } = new URL(plane.admin.server);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const client = new KubeClient({ connection: await inClusterConnection({ env, clock, folder }), clock });

    await writeFile(path('token'), token);
    const first = await client.get(builtin.namespaces, { name: 'default' }, { signal });
    // That the server is no longer trusted shows that the file was read again, and the connection made anew.
    const other = await createAuthority(folder, 'second');
    await copyFile(other.certificate, path('ca.crt'));
    aheadMs += 60_000;
    const second = client.get(builtin.namespaces, { name: 'default' }, { signal });

    expect(first.metadata.name).toBe('default');
    await expect(second).rejects.toMatchObject({ reason: 'TlsFailed' });
    await writeFile(path('ca.crt'), plane.admin.ca);
    aheadMs += 60_000;
    await client.get(builtin.namespaces, { name: 'default' }, { signal });
    await client.close();
  });
});

describe('a client certificate that is replaced on disk', () => {
  it('is used for new connections after a minute', async () => {
    const { authority } = await authorityFiles();
    const one = await createCertificate(folder, 'one', authority, { name: 'one' });
    const two = await createCertificate(folder, 'two', authority, { name: 'two' });
    await copyFile(one.certificate, path('rotated.crt'));
    await copyFile(one.key, path('rotated.key'));
    const config = {
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: plane.admin.server, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'x', user: { 'client-certificate': 'rotated.crt', 'client-key': 'rotated.key' } }],
    };
    await writeFile(path('config'), stringify(config));
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const client = new KubeClient({ connection: await clusterConnection({ path: path('config'), clock }), clock });
    const whoAmI = async () => {
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
      const request = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews' } as const;
      const body = { body: JSON.stringify(review), contentType: 'application/json' };
      const answer = await client.caller.json({ ...request, ...body }, { signal });
      const status = isRecord(answer) && isRecord(answer.status) ? answer.status : {};
      return isRecord(status.userInfo) ? status.userInfo.username : undefined;
    };

    const before = await whoAmI();
    await copyFile(two.certificate, path('rotated.crt'));
    await copyFile(two.key, path('rotated.key'));
    aheadMs += 60_000;

    expect([before, await whoAmI()]).toEqual(['one', 'two']);
    await client.close();
  });
});

/** The cluster's own authority lies beside its certificates. */
async function authorityFiles() {
  const pki = join(plane.kubeconfigPath, '..', 'pki');
  return { authority: { certificate: join(pki, 'ca.crt'), key: join(pki, 'ca.key') } };
}

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Makes the API server reachable at another loopback address. */
async function forwardFrom(host: string, port: number): Promise<AsyncDisposable> {
  const server = createTcpServer((client) => {
    const upstream = connectTcp(port, '127.0.0.1');
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, host, resolve);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}
