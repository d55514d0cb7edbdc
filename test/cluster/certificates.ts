import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../../scripts/cluster/command.ts';

/** A certificate and its key, as files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What goes into a certificate besides the key. */
interface Subject {
  readonly name: string;
  /** Kubernetes reads the organisation of a client certificate as a group. */
  readonly group?: string;
  /** Host names and IP addresses of a server. */
  readonly hosts?: readonly string[];
}

/** Makes a certificate authority in `folder`, as `NAME.crt` and `NAME.key`. Elliptic curves: made in milliseconds. */
export async function createAuthority(folder: string, name: string): Promise<KeyPair> {
  const pair = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  await createKey(pair.key);
  const subject = ['-subj', `/CN=${name}`, '-days', '3650'];
  const extensions = ['-addext', 'keyUsage=critical,digitalSignature,keyCertSign'];
  await command([
    'openssl',
    'req',
    '-x509',
    '-new',
    '-key',
    pair.key,
    '-out',
    pair.certificate,
    ...subject,
    ...extensions,
  ]);
  return pair;
}

/** Makes a key and a certificate for `subject`, signed by `authority`, as `FILE.crt` and `FILE.key` in `folder`. */
export async function createCertificate(
  folder: string,
  file: string,
  authority: KeyPair,
  subject: Subject,
): Promise<KeyPair> {
  const pair = { certificate: join(folder, `${file}.crt`), key: join(folder, `${file}.key`) };
  await createKey(pair.key);
  const names = `${subject.group === undefined ? '' : `/O=${subject.group}`}/CN=${subject.name}`;
  const request = await command(['openssl', 'req', '-new', '-key', pair.key, '-subj', names]);
  const hosts = (subject.hosts ?? []).map((host) => `${/^[0-9.]+$/.test(host) ? 'IP' : 'DNS'}:${host}`);
  const extensions = join(folder, `${file}.ext`);
  writeFileSync(
    extensions,
    [
      'keyUsage=critical,digitalSignature',
      `extendedKeyUsage=clientAuth${hosts.length > 0 ? ',serverAuth' : ''}`,
      ...(hosts.length > 0 ? [`subjectAltName=${hosts.join(',')}`] : []),
      '',
    ].join('\n'),
  );
  const signing = ['-CA', authority.certificate, '-CAkey', authority.key, '-set_serial', serial(), '-days', '3650'];
  await command(['openssl', 'x509', '-req', '-out', pair.certificate, ...signing, '-extfile', extensions], {
    input: request,
  });
  return pair;
}

/** Makes a P-256 key, in a form Go, Node and OpenSSL all read. */
export async function createKey(path: string): Promise<void> {
  await command(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path]);
}

/** Writes the public half of a key next to it and returns its path. */
export async function publicKey(key: string): Promise<string> {
  const path = `${key}.pub`;
  await command(['openssl', 'pkey', '-in', key, '-pubout', '-out', path]);
  return path;
}

let lastSerial = Date.now() * 1000;

/** No two certificates of one authority may share a serial number. */
function serial(): string {
  lastSerial += 1;
  return String(lastSerial);
}
