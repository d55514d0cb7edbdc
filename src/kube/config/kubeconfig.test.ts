import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { KubeConfigError } from './config-error.ts';
import { base64, CERTIFICATE, KEY, kubeconfigText, withFiles } from './kubeconfig.fake.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

const signal = AbortSignal.timeout(10_000);
const clock = new ManualClock();

/** The connection of a kubeconfig with these parts, in a folder with these other files. */
function load(cluster: object, user: object, files: Record<string, string> = {}, context: object = {}) {
  return withFiles({ config: kubeconfigText(cluster, user, context), ...files }, async (path) => {
    const connection = await kubeconfigConnection({ env: {}, clock, path: path('config') });
    return {
      connection,
      authority: await connection.certificateAuthority(),
      credentials: await connection.credentials.current(signal),
    };
  });
}

describe('kubeconfigConnection', () => {
  it('takes authority, certificate and key from the file itself', async () => {
    const { authority, credentials, connection } = await load(
      { 'certificate-authority-data': base64(CERTIFICATE) },
      { 'client-certificate-data': base64(CERTIFICATE), 'client-key-data': base64(KEY) },
      {},
      { namespace: 'team' },
    );

    expect(authority).toBe(CERTIFICATE);
    expect(credentials).toEqual({ clientCertificate: { cert: CERTIFICATE, key: KEY } });
    expect(connection).toMatchObject({ namespace: 'team', insecureSkipTlsVerify: false });
    expect(connection.server.href).toBe('https://api.example:6443/');
  });

  it('takes them from files beside the kubeconfig, and a token from a token file', async () => {
    const { authority, credentials } = await load(
      { 'certificate-authority': 'ca.crt' },
      { 'client-certificate': './c.crt', 'client-key': 'c.key', tokenFile: 'token' },
      { 'ca.crt': CERTIFICATE, 'c.crt': CERTIFICATE, 'c.key': KEY, token: 'abc\n' },
    );

    expect(authority).toBe(CERTIFICATE);
    expect(credentials).toEqual({ clientCertificate: { cert: CERTIFICATE, key: KEY }, token: 'abc' });
  });

  it('prefers what is inline to a file, and a token file to a token', async () => {
    const { authority, credentials } = await load(
      { 'certificate-authority-data': base64(CERTIFICATE), 'certificate-authority': 'missing' },
      { token: 'inline', tokenFile: 'token' },
      { token: 'from the file' },
    );

    expect(authority).toBe(CERTIFICATE);
    expect(credentials).toEqual({ token: 'from the file' });
  });

  it('passes on server name, proxy and the wish not to verify', async () => {
    const { connection } = await load(
      { 'tls-server-name': 'api', 'proxy-url': 'http://proxy.example:3128', 'insecure-skip-tls-verify': true },
      { token: 'abc' },
    );

    expect(connection).toMatchObject({ tlsServerName: 'api', insecureSkipTlsVerify: true });
    expect(connection.proxyUrl?.host).toBe('proxy.example:3128');
  });

  it('is nobody without a user', async () => {
    const { credentials } = await load({}, {}, {}, { user: '' });

    expect(credentials).toEqual({});
  });

  it('finds the context it is asked for, and the files of KUBECONFIG, of which some may be missing', () =>
    withFiles(
      {
        one: 'current-context: b\ncontexts: [{name: a, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: "https://one"}}]',
        two: 'current-context: a\ncontexts: [{name: b, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: "https://two"}}]',
      },
      async (path) => {
        const env = { KUBECONFIG: [path('none'), path('one'), path('two')].join(':') };

        const current = await kubeconfigConnection({ env, clock });
        const asked = await kubeconfigConnection({ env, clock, context: 'a' });

        expect(current.source).toContain('context "b"');
        expect(asked.source).toContain('context "a"');
        expect(current.server.host).toBe('one');
      },
    ));
});

const user = 'user "u"';
const cluster = 'cluster "c"';

describe('a kubeconfig that cannot be used', () => {
  it.each([
    [
      'a missing file',
      {},
      { 'client-certificate': 'none.crt', 'client-key': 'none.key' },
      'client-certificate of',
      user,
    ],
    ['a missing authority', { 'certificate-authority': 'none.crt' }, {}, 'certificate-authority of', cluster],
    ['a missing token file', {}, { tokenFile: 'none' }, 'tokenFile of', user],
    ['a certificate without key', {}, { 'client-certificate-data': base64(CERTIFICATE) }, 'without client-key', user],
    [
      'data that is no PEM',
      {},
      { 'client-certificate-data': base64('x'), 'client-key-data': base64(KEY) },
      'PEM',
      user,
    ],
    [
      'a certificate that is none',
      {},
      { 'client-certificate-data': base64(KEY), 'client-key-data': base64(KEY) },
      'not a certificate',
      user,
    ],
    ['a server that is no URL', { server: 'api.example' }, {}, 'server of', cluster],
    ['a SOCKS proxy', { 'proxy-url': 'socks5://p:1' }, {}, 'SOCKS', cluster],
    ['a number as token', {}, { token: 5 }, 'token of', user],
    ['text as flag', { 'insecure-skip-tls-verify': 'yes' }, {}, 'true or false', cluster],
    ['an auth provider', {}, { 'auth-provider': { name: 'gcp' } }, 'auth-provider of', user],
    ['a password', {}, { username: 'me', password: 'x' }, 'username of', user],
    ['impersonation', {}, { token: 'x', as: 'root' }, 'as of', user],
    [
      'an exec plugin of another version',
      {},
      { exec: { apiVersion: 'v1alpha1', command: 'x' } },
      'apiVersion of',
      user,
    ],
    [
      'an exec plugin without a command',
      {},
      { exec: { apiVersion: 'client.authentication.k8s.io/v1' } },
      'command of',
      user,
    ],
    ['an exec plugin that is no set of fields', {}, { exec: 'aws' }, 'exec of', user],
  ])('is refused for %s, by field and entry', async (_, clusterFields, userFields, what, entry) => {
    const loading = load(clusterFields, userFields);

    await expect(loading).rejects.toThrow(KubeConfigError);
    await expect(loading).rejects.toThrow(what);
    await expect(loading).rejects.toThrow(entry);
  });

  it('is refused for a client certificate that has expired', async () => {
    const late = new ManualClock();
    late.jumpWall(20 * 365 * 86_400_000);
    const config = kubeconfigText(
      {},
      { 'client-certificate-data': base64(CERTIFICATE), 'client-key-data': base64(KEY) },
    );

    await withFiles({ config }, async (path) => {
      const loading = kubeconfigConnection({ env: {}, clock: late, path: path('config') });

      await expect(loading).rejects.toThrow(/client certificate of user "u" in .* expired on 2036/);
    });
  });

  it.each([
    ['no file', undefined, 'no such file'],
    ['no YAML', 'a: [', 'is not YAML'],
    ['no kubeconfig', '- a', 'is not a kubeconfig'],
    ['another kind of object', 'kind: Pod', 'holds "Pod", not a Config'],
    ['a list that is none', 'clusters: x', 'is not a list'],
    ['an entry without a name', 'clusters: [{cluster: {}}]', 'has no name'],
    ['an empty file', '', 'no current context'],
    [
      'a context that does not exist',
      'current-context: a',
      'names context "a", which does not exist (there are: none)',
    ],
    [
      'a cluster that does not exist',
      'current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\nclusters: [{name: y, cluster: {}}]',
      'names cluster "x", which does not exist (there are: "y")',
    ],
  ])('is refused for %s', async (_, config, what) => {
    await withFiles(config === undefined ? {} : { config }, async (path) => {
      const loading = kubeconfigConnection({ env: {}, clock, path: path('config') });

      await expect(loading).rejects.toThrow(KubeConfigError);
      await expect(loading).rejects.toThrow(what);
    });
  });

  it('is missed by name when there is none at all', () =>
    withFiles({}, async (path) => {
      const loading = kubeconfigConnection({ env: { HOME: path('home') }, clock });

      await expect(loading).rejects.toThrow(join(path('home'), '.kube', 'config'));
    }));
});
