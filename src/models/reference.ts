import { FlexInferError } from '../api/errors.ts';
import type { ModelReference } from './model.ts';
import { pathProblem } from './path-rules.ts';

const FORMS =
  'hf://org/repo@revision/file.gguf, oci://host/repository:tag, ollama://name:tag, pvc://claim/path or file:///path';
const MAX_LENGTH = 1024;

/**
 * Reads `spec.model.source`.
 *
 * @throws FlexInferError INVALID_REFERENCE that quotes the text and says which form was expected.
 */
export function parseModelReference(text: string): ModelReference {
  const wrong = (why: string, todo: string): never => {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw new FlexInferError('INVALID_REFERENCE', `model reference ${JSON.stringify(shown)} ${why}`, { todo });
  };
  if (text.length > MAX_LENGTH) return wrong(`is longer than ${MAX_LENGTH} characters`, 'shorten it');
  if (hasControlOrSpaceAround(text)) {
    return wrong('has control characters or spaces around it', 'remove them');
  }
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(text);
  if (match === null) return wrong('has no scheme', `write ${hintWithoutScheme(text)}`);
  const [, scheme = '', rest = ''] = match;
  switch (scheme) {
    case 'file':
      return parseFile(rest, wrong);
    case 'hf':
      return parseHuggingFace(rest, wrong);
    case 'oci':
      return parseOci(rest, wrong);
    case 'ollama':
      return parseOllama(rest, wrong);
    case 'pvc':
      return parsePvc(rest, wrong);
    default:
      return wrong(`has the unknown scheme ${scheme}://`, hintForWebAddress(text) ?? `use ${FORMS}`);
  }
}

/** The one spelling of a reference; two references with the same spelling mean the same model. */
export function formatModelReference(reference: ModelReference): string {
  switch (reference.scheme) {
    case 'file':
      return `file://${encodePath(reference.path)}`;
    case 'hf': {
      const file = reference.file === undefined ? '' : `/${encodePath(reference.file)}`;
      return `hf://${reference.repository}@${encodeURIComponent(reference.revision)}${file}`;
    }
    case 'oci': {
      const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
      return `oci://${reference.registry}/${reference.repository}:${reference.tag}${digest}`;
    }
    case 'ollama':
      return `ollama://${reference.name}:${reference.tag}`;
    default:
      return `pvc://${reference.claim}/${encodePath(reference.path)}`;
  }
}

type Refuse = (why: string, todo: string) => never;

function parseFile(rest: string, wrong: Refuse): ModelReference {
  if (!rest.startsWith('/')) return wrong('has no absolute path', `write file:///${rest.replace(/^\.?\/*/, '')}`);
  const path = decode(rest, wrong);
  if (path.includes('\0')) return wrong('has a NUL character in its path', 'remove it');
  if (path.endsWith('/')) return wrong('names a folder', 'name the model file inside it');
  return { scheme: 'file', path };
}

/** Revisions are branches, tags or commits; `refs/pr/7` is the one form with slashes that may be written unescaped. */
function parseHuggingFace(rest: string, wrong: Refuse): ModelReference {
  const todo = 'write hf://org/repo@revision/file.gguf; @revision and /file.gguf may be left out';
  const match = /^([^/@]+)\/([^/@]+)(?:@(refs\/(?:pr|convert)\/[^/]+|[^/]+))?(?:\/(.*))?$/s.exec(rest);
  if (match === null) return wrong('does not name a repository', todo);
  const [, org = '', name = '', revisionText, fileText] = match;
  for (const part of [org, name]) {
    // Source: the hub's own rule for repository names, huggingface_hub's validate_repo_id.
    if (!/^[\w.-]{1,96}$/.test(part) || /^[.-]|[.-]$|--|\.\.|\.git$/.test(part)) {
      return wrong(`has the impossible repository name ${JSON.stringify(part)}`, todo);
    }
  }
  const revision = revisionText === undefined ? 'main' : decode(revisionText, wrong);
  if (!/^[\w][\w./+-]{0,254}$/.test(revision) || revision.includes('..')) {
    return wrong(`has the impossible revision ${JSON.stringify(revision)}`, 'name a branch, tag or commit after @');
  }
  const file = fileText === undefined || fileText === '' ? undefined : decode(fileText, wrong);
  const problem = file === undefined ? undefined : pathProblem(file);
  if (problem !== undefined) return wrong(`has a file path that ${problem}`, todo);
  return { scheme: 'hf', repository: `${org}/${name}`, revision, file };
}

/** Source: the reference grammar of the OCI distribution specification; a digest wins over a tag. */
function parseOci(rest: string, wrong: Refuse): ModelReference {
  const todo = 'write oci://host[:port]/repository:tag or …@sha256:<64 hex digits>';
  const match = /^([^/]+)\/([^:@]+)(?::([^@]*))?(?:@(.*))?$/s.exec(rest);
  if (match === null) return wrong('does not name a registry and a repository', todo);
  const [, registry = '', repository = '', tag, digest] = match;
  if (!/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/.test(registry)) {
    return wrong(`has the impossible registry ${JSON.stringify(registry)}`, todo);
  }
  const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
  if (repository.length > 255 || !new RegExp(`^${component}(?:/${component})*$`).test(repository)) {
    return wrong(`has the impossible repository ${JSON.stringify(repository)}`, 'use lower-case letters and digits');
  }
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) {
    return wrong(`has the impossible tag ${JSON.stringify(tag)}`, todo);
  }
  if (digest !== undefined && !/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest)) {
    return wrong(`has the impossible digest ${JSON.stringify(digest)}`, todo);
  }
  return { scheme: 'oci', registry, repository, tag: tag ?? 'latest', digest };
}

function parseOllama(rest: string, wrong: Refuse): ModelReference {
  const match = /^((?:[\w][\w.-]*(?::[0-9]+)?\/)?(?:[\w][\w.-]*\/)?[\w][\w.-]*)(?::([\w][\w.-]{0,127}))?$/.exec(rest);
  const [, name, tag = 'latest'] = match ?? [];
  if (name === undefined)
    return wrong('does not name an Ollama model', 'write ollama://name:tag, as in ollama://qwen3:8b');
  return { scheme: 'ollama', name, tag };
}

function parsePvc(rest: string, wrong: Refuse): ModelReference {
  const todo = 'write pvc://claim/folder/model.gguf';
  const [, claim = '', pathText = ''] = /^([^/]+)\/(.*)$/s.exec(rest) ?? [];
  if (!/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(claim)) return wrong('does not name a claim and a path', todo);
  const path = decode(pathText, wrong);
  const problem = pathProblem(path);
  if (problem !== undefined) return wrong(`has a path that ${problem}`, todo);
  return { scheme: 'pvc', claim, path };
}

function decode(text: string, wrong: Refuse): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return wrong('has a broken %-escape', 'write a percent sign as %25');
  }
}

/** Escapes only what would be read as something else, so that ordinary names stay as a person wrote them. */
function encodePath(path: string): string {
  return path.replace(/[%?#\s\p{Cc}]/gu, (character) => encodeURIComponent(character));
}

function hasControlOrSpaceAround(text: string): boolean {
  return text.trim() !== text || /\p{Cc}/u.test(text);
}

function hintWithoutScheme(text: string): string {
  if (text.startsWith('/')) return `file://${text}`;
  if (/^\.{1,2}\//.test(text) || /\.gguf$/i.test(text)) return 'file:// and the absolute path of the file';
  return FORMS;
}

/** People paste addresses from the hub's web pages; the same model has a reference. */
function hintForWebAddress(text: string): string | undefined {
  const match = /^https?:\/\/[^/]+\/([^/]+\/[^/]+)\/(?:resolve|blob)\/([^/]+)\/([^?#]+)/.exec(text);
  return match === null ? undefined : `write hf://${match[1]}@${match[2]}/${match[3]}`;
}
