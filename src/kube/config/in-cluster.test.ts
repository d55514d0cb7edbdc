import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { clusterConnection } from './cluster-config.ts';
import { inClusterConnection } from './in-cluster.ts';
import { CERTIFICATE, kubeconfigText, withFiles } from './kubeconfig.fake.ts';

const signal = AbortSignal.timeout(10_000);
const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const mounted = { token: 'first\n', 'ca.crt': CERTIFICATE, namespace: 'team\n' };

describe('inClusterConnection', () => {
  it('is made of what the kubelet mounts', () =>
    withFiles(mounted, async (path) => {
      const connection = await inClusterConnection({ env, clock: new ManualClock(), folder: path('') });

      expect(connection.server.href).toBe('https://10.96.0.1/');
      expect(connection.namespace).toBe('team');
      expect(await connection.certificateAuthority()).toBe(CERTIFICATE);
      expect(await connection.credentials.current(signal)).toEqual({ token: 'first' });
    }));

  it('takes the renewed token and authority after a minute, and the token at once after a 401', () =>
    withFiles(mounted, async (path) => {
      const clock = new ManualClock();
      const { credentials, certificateAuthority } = await inClusterConnection({ env, clock, folder: path('') });
      const used = await credentials.current(signal);
      await writeFile(path('token'), 'second');
      await writeFile(path('ca.crt'), `${CERTIFICATE}${CERTIFICATE}`);

      expect(await credentials.current(signal)).toEqual({ token: 'first' });
      expect(credentials.refused(used)).toBe(true);
      expect(await credentials.current(signal)).toEqual({ token: 'second' });
      expect(await certificateAuthority()).toBe(CERTIFICATE);
      await clock.advance(60_000);

      expect(await certificateAuthority()).toBe(`${CERTIFICATE}${CERTIFICATE}`);
    }));

  it('understands an IPv6 address', () =>
    withFiles(mounted, async (path) => {
      const ipv6 = { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' };

      const { server } = await inClusterConnection({ env: ipv6, clock: new ManualClock(), folder: path('') });

      expect(server.href).toBe('https://[fd00::1]/');
    }));

  it('says what is missing', () =>
    withFiles({ ...mounted, token: '' }, async (path) => {
      const options = { env, clock: new ManualClock() };
      await mkdir(path('bare'));

      await expect(inClusterConnection({ ...options, env: {} })).rejects.toThrow('does not run in a pod');
      await expect(inClusterConnection({ ...options, folder: path('') })).rejects.toThrow("service account's token");
      await expect(inClusterConnection({ ...options, folder: path('bare') })).rejects.toThrow('cannot be read');
    }));
});

describe('clusterConnection', () => {
  it('prefers a kubeconfig it was given to the cluster it runs in', () =>
    withFiles({ config: kubeconfigText() }, async (path) => {
      const clock = new ManualClock();

      const given = await clusterConnection({ env, clock, path: path('config') });
      const named = await clusterConnection({ env: { ...env, KUBECONFIG: path('config') }, clock });

      expect([given.server.host, named.server.host]).toEqual(['api.example:6443', 'api.example:6443']);
      // No service account is mounted here, which shows that the pod's own cluster was chosen.
      await expect(clusterConnection({ env, clock })).rejects.toThrow('service account');
    }));
});
