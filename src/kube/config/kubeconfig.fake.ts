import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** A real certificate of nobody, for tests that read one: self-signed by `CN=ci`, valid from 2026 to 2036. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUWN1wpy54ZW6l5QtQR0elN03TYbMwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2kwHhcNMjYxMTI1MTcwMjMxWhcNMzYxMTIyMTcwMjMxWjAN
MQswCQYDVQQDDAJjaTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCO0ykOwG7Ki
nt2kV16SNmY5PkMOWi87PiV+9FsOXiTjdomz04U/x/guY+bvU0nuh4/1iJJDwDIu
x1L7DX/waEujUzBRMB0GA1UdDgQWBBSSyy4fh/GkwDqIHd95XQR4i6J0RzAfBgNV
HSMEGDAWgBSSyy4fh/GkwDqIHd95XQR4i6J0RzAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIHSEX3pWQUao+lVbRzGNDsiRg2cQ58gu/SY+uUvl4ixW
AiEA1m7fX61erXvK0hkH36bfZ0ckxrWK/fu1B37MX4iMxYQ=
-----END CERTIFICATE-----
`;

/** Not a key: nothing in these tests opens a connection with it. */
export const KEY = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one cluster, user and context, as YAML. */
export function kubeconfigText(cluster: object = {}, user: object = {}, context: object = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', ...context } }],
  });
}

/** Runs `test` with a folder that holds these files. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  test: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-config-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o700 });
    return await test((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}
