import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

/** How to reach an API server with a client certificate; certificates and key as PEM text. */
export interface ClientAccess {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export function accessOf(server: string, ca: string, client: KeyPair): ClientAccess {
  return {
    server,
    ca: readFileSync(ca, 'utf8'),
    certificate: readFileSync(client.certificate, 'utf8'),
    key: readFileSync(client.key, 'utf8'),
  };
}

/** The text of a kubeconfig with everything inline. */
export function kubeconfigText(access: ClientAccess, user: string): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: access.server, 'certificate-authority-data': base64(access.ca) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(access.certificate),
          'client-key-data': base64(access.key),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  });
}

/** Writes a kubeconfig for `client` to `path` and returns the path. */
export function writeKubeconfig(path: string, access: ClientAccess, user: string): string {
  writeFileSync(path, kubeconfigText(access, user), { mode: 0o600 });
  return path;
}
