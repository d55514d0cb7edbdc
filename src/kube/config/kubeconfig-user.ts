import { X509Certificate } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { CredentialSource } from './cluster-connection.ts';
import { KubeConfigError } from './config-error.ts';
import { ExecPlugin } from './exec-plugin.ts';
import { execPluginSpec } from './exec-plugin-spec.ts';
import { tokenFileCredentials } from './in-cluster.ts';
import type { KubeconfigEntry } from './kubeconfig-file.ts';
import { WatchedFile } from './watched-file.ts';

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const UNSUPPORTED: Readonly<Record<string, string>> = {
  'auth-provider': 'use an exec plugin of your cloud instead; kubectl dropped auth-provider as well',
  username: 'use a token, a certificate or an exec plugin; API servers no longer take passwords',
  password: 'use a token, a certificate or an exec plugin; API servers no longer take passwords',
  as: 'remove the impersonation, and give the user the rights it needs',
  'as-uid': 'remove the impersonation, and give the user the rights it needs',
  'as-groups': 'remove the impersonation, and give the user the rights it needs',
  'as-user-extra': 'remove the impersonation, and give the user the rights it needs',
};

/**
 * The credentials of a kubeconfig's user. A client certificate and a token may both be given, and are both sent.
 *
 * @throws KubeConfigError for what is not supported, missing files and an expired client certificate
 */
export async function userCredentials(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  around: Surroundings,
): Promise<CredentialSource> {
  for (const [field, todo] of Object.entries(UNSUPPORTED)) {
    const value = user.fields[field];
    if (value !== undefined && value !== null && value !== '') {
      throw new KubeConfigError(`${field} of ${user.where} is not supported`, todo);
    }
  }
  const certificate = await certificateReader(user, around.clock);
  const bearer = await bearerSource(user, cluster, around);
  if (certificate === undefined) return bearer;
  return {
    current: async (signal) => {
      const [clientCertificate, credentials] = await Promise.all([certificate.read(), bearer.current(signal)]);
      return { clientCertificate, ...credentials };
    },
    refused: (used) => {
      const other = certificate.expire();
      return bearer.refused(used) || other;
    },
  };
}

async function bearerSource(
  user: KubeconfigEntry,
  cluster: KubeconfigEntry,
  around: Surroundings,
): Promise<CredentialSource> {
  const tokenFile = user.path('tokenFile');
  if (tokenFile !== undefined) {
    const file = new WatchedFile(tokenFile, `tokenFile of ${user.where}`, around.clock);
    await file.read();
    return tokenFileCredentials(file);
  }
  const token = user.text('token');
  if (token === undefined && user.fields.exec !== undefined && user.fields.exec !== null) {
    return new ExecPlugin(execPluginSpec(user, cluster), around);
  }
  return { current: async () => (token === undefined ? {} : { token }), refused: () => false };
}

interface CertificateReader {
  readonly read: () => Promise<{ cert: string; key: string }>;
  /** Forgets what was read; says whether another may be read now. */
  readonly expire: () => boolean;
}

async function certificateReader(user: KubeconfigEntry, clock: Clock): Promise<CertificateReader | undefined> {
  const cert = pemPart(user, 'client-certificate', clock);
  const key = pemPart(user, 'client-key', clock);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new KubeConfigError(
      `${user.where} has ${cert === undefined ? 'client-key without client-certificate' : 'client-certificate without client-key'}`,
      'give both or neither',
    );
  }
  const reader: CertificateReader = {
    read: async () => ({ cert: await cert.read(), key: await key.read() }),
    expire: () => {
      const others = [cert.expire(), key.expire()];
      return others.includes(true);
    },
  };
  refuseExpired((await reader.read()).cert, user.where, clock);
  return reader;
}

function pemPart(user: KubeconfigEntry, name: string, clock: Clock) {
  const inline = user.pem(`${name}-data`);
  if (inline !== undefined) return { read: async () => inline, expire: () => false };
  const path = user.path(name);
  if (path === undefined) return undefined;
  const file = new WatchedFile(path, `${name} of ${user.where}`, clock);
  return {
    read: () => file.read(),
    expire: () => {
      file.expire();
      return true;
    },
  };
}

/** The server would only answer 401, or end the TLS handshake without a word. */
function refuseExpired(pem: string, where: string, clock: Clock): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw new KubeConfigError(
      `the client certificate of ${where} is not a certificate`,
      'give a PEM certificate',
      error,
    );
  }
  if (certificate.validToDate.getTime() <= clock.wallMs()) {
    throw new KubeConfigError(
      `the client certificate of ${where} expired on ${certificate.validToDate.toISOString()}`,
      'get a new certificate from whoever runs the cluster',
    );
  }
}
