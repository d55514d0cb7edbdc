import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { isRecord } from '../objects/object.ts';
import { KubeConfigError } from './config-error.ts';

/** One named entry of a kubeconfig file: its fields, checked by whoever reads them, and where it was written. */
export class KubeconfigEntry {
  /** For messages: `user "ci" in /home/me/.kube/config`. */
  readonly where: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly #folder: string;

  constructor(where: string, fields: Readonly<Record<string, unknown>>, folder: string) {
    this.where = where;
    this.fields = fields;
    this.#folder = folder;
  }

  /** A text field; empty counts as absent, as it does for kubectl. */
  text(name: string): string | undefined {
    const value = this.fields[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string') return value;
    throw this.invalid(name, 'text');
  }

  flag(name: string): boolean {
    const value = this.fields[name];
    if (value === undefined || value === null) return false;
    if (typeof value === 'boolean') return value;
    throw this.invalid(name, 'true or false');
  }

  /** A file name, relative to the folder of the kubeconfig file that holds this entry. */
  path(name: string): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : resolve(this.#folder, value);
  }

  /** A field `…-data`: base64 of a PEM text. */
  pem(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const decoded = Buffer.from(value, 'base64').toString('utf8');
    if (!decoded.includes('-----BEGIN ')) throw this.invalid(name, 'base64 of a PEM file');
    return decoded;
  }

  /** An entry inside this one, as `exec` inside a user. */
  nested(name: string): KubeconfigEntry {
    const value = this.fields[name];
    if (!isRecord(value)) throw this.invalid(name, 'a set of fields');
    return new KubeconfigEntry(`${name} of ${this.where}`, value, this.#folder);
  }

  texts(name: string): readonly string[] {
    const value = this.fields[name] ?? [];
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
      throw this.invalid(name, 'a list of texts');
    }
    return value;
  }

  /** A list of `{ name, value }`, as a record. */
  pairs(name: string): Readonly<Record<string, string>> {
    const value = this.fields[name] ?? [];
    if (!Array.isArray(value)) throw this.invalid(name, 'a list');
    return Object.fromEntries(
      value.map((each: unknown) => {
        if (!isRecord(each) || typeof each.name !== 'string' || typeof each.value !== 'string') {
          throw this.invalid(name, 'a list of names and values');
        }
        return [each.name, each.value];
      }),
    );
  }

  url(name: string): URL | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const url = URL.parse(value);
    if (url === null) throw this.invalid(name, 'a URL');
    return url;
  }

  invalid(name: string, wanted: string): KubeConfigError {
    return new KubeConfigError(`${name} of ${this.where} is not ${wanted}`, 'correct that field');
  }
}

/** What several kubeconfig files say together. */
export interface Kubeconfig {
  /** For messages. */
  readonly source: string;
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
}

/**
 * Reads the text of one kubeconfig file.
 *
 * @throws KubeConfigError when it is not YAML or not shaped like a kubeconfig
 */
export function parseKubeconfig(text: string, path: string): Kubeconfig {
  const root = parsedYaml(text, path);
  if (root === null || root === undefined) return { source: path, currentContext: undefined, ...noEntries() };
  if (!isRecord(root)) throw new KubeConfigError(`${path} is not a kubeconfig`, 'name a kubeconfig file');
  if (root.kind !== undefined && root.kind !== 'Config') {
    throw new KubeConfigError(`${path} holds ${JSON.stringify(root.kind)}, not a Config`, 'name a kubeconfig file');
  }
  const current = root['current-context'];
  return {
    source: path,
    currentContext: typeof current === 'string' && current !== '' ? current : undefined,
    clusters: entries(root, 'clusters', 'cluster', path),
    users: entries(root, 'users', 'user', path),
    contexts: entries(root, 'contexts', 'context', path),
  };
}

/** Several files as one: for every name, and for the current context, the first file that has it wins. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const merged = (of: (file: Kubeconfig) => ReadonlyMap<string, KubeconfigEntry>) =>
    new Map(files.toReversed().flatMap((file) => [...of(file)]));
  return {
    source: files.map((file) => file.source).join(', '),
    currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
    clusters: merged((file) => file.clusters),
    users: merged((file) => file.users),
    contexts: merged((file) => file.contexts),
  };
}

function parsedYaml(text: string, path: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent' });
  try {
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    // Aliases are resolved only here: to nothing, or to far too much.
    const root: unknown = document.toJS({ maxAliasCount: 100 });
    return root;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new KubeConfigError(`${path} is not YAML: ${why}`, 'correct the file', error);
  }
}

function noEntries(): Pick<Kubeconfig, 'clusters' | 'users' | 'contexts'> {
  return { clusters: new Map(), users: new Map(), contexts: new Map() };
}

function entries(
  root: Readonly<Record<string, unknown>>,
  list: string,
  kind: string,
  path: string,
): ReadonlyMap<string, KubeconfigEntry> {
  const found = new Map<string, KubeconfigEntry>();
  const items = root[list] ?? [];
  if (!Array.isArray(items)) throw new KubeConfigError(`${list} in ${path} is not a list`, 'correct the file');
  for (const item of items) {
    const name: unknown = isRecord(item) ? item.name : undefined;
    const fields: unknown = isRecord(item) ? (item[kind] ?? {}) : undefined;
    if (typeof name !== 'string' || !isRecord(fields)) {
      throw new KubeConfigError(`an entry of ${list} in ${path} has no name or no ${kind}`, 'correct the file');
    }
    // Twice in one file: the first counts, as between files.
    if (!found.has(name)) {
      found.set(name, new KubeconfigEntry(`${kind} ${JSON.stringify(name)} in ${path}`, fields, dirname(path)));
    }
  }
  return found;
}
