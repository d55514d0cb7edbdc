import { readFile, stat } from 'node:fs/promises';
import { type Document, isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { FlexInferError, messageOf } from '../api/errors.ts';
import type { ModelDeployment } from '../api/manifest.ts';
import { type Problem, validateModelDeployment } from '../api/validation.ts';

const MAX_BYTES = 1024 * 1024;
const SHOWN_PROBLEMS = 3;

/**
 * Reads a file with one or several ModelDeployments. Problems are reported with the line they stand on.
 *
 * @throws FlexInferError INVALID_FILE
 */
export async function readManifestFile(path: string): Promise<readonly ModelDeployment[]> {
  const text = await readText(path);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const found = 'empty' in documents ? [] : documents.filter((document) => !isEmpty(document));
  if (found.length === 0) {
    throw new FlexInferError('INVALID_FILE', `${path} holds no object`, { todo: 'start from an example in examples/' });
  }

  const deployments: ModelDeployment[] = [];
  const firstLineOf = new Map<string, number>();
  for (const document of found) {
    const syntax = document.errors[0];
    if (syntax !== undefined) {
      throw new FlexInferError(
        'INVALID_FILE',
        `${path}:${lines.linePos(syntax.pos[0]).line}: not valid YAML: ${firstLine(syntax.message)}`,
      );
    }
    const result = validateModelDeployment(toObject(document, path));
    if ('problems' in result) throw invalid(path, result.problems, document, lines);
    const { name } = result.value.metadata;
    const line = lineOf(document, ['metadata', 'name'], lines);
    const earlier = firstLineOf.get(name);
    if (earlier !== undefined) {
      throw new FlexInferError(
        'INVALID_FILE',
        `${path}:${line}: a second model is named ${name}, after line ${earlier}`,
        {
          todo: 'give every model a name of its own',
        },
      );
    }
    firstLineOf.set(name, line);
    deployments.push(result.value);
  }
  return deployments;
}

/** `---` followed by nothing, or by comments alone. */
function isEmpty(document: Document.Parsed): boolean {
  const { contents } = document;
  return document.errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));
}

async function readText(path: string): Promise<string> {
  try {
    const info = await stat(path);
    if (info.isDirectory()) {
      throw new FlexInferError('INVALID_FILE', `${path} is a directory`, { todo: 'name the YAML file itself' });
    }
    if (info.size > MAX_BYTES) {
      throw new FlexInferError('INVALID_FILE', `${path} has ${info.size} bytes, too many for a manifest`, {
        todo: 'name a YAML file with ModelDeployments, not a model',
      });
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof FlexInferError) throw error;
    if (error instanceof TypeError) {
      throw new FlexInferError('INVALID_FILE', `${path} is not UTF-8 text`, { todo: 'name a YAML file', cause: error });
    }
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new FlexInferError(
      'INVALID_FILE',
      missing ? `${path} does not exist` : `${path} cannot be read: ${messageOf(error)}`,
      {
        todo: 'check the path',
        cause: error,
      },
    );
  }
}

function toObject(document: Document.Parsed, path: string): unknown {
  try {
    // A low limit on aliases: a manifest has no use for them, a bomb has.
    return document.toJS({ maxAliasCount: 20 });
  } catch (error) {
    throw new FlexInferError('INVALID_FILE', `${path}: not valid YAML: ${firstLine(messageOf(error))}`, {
      cause: error,
    });
  }
}

function invalid(
  path: string,
  problems: readonly Problem[],
  document: Document.Parsed,
  lines: LineCounter,
): FlexInferError {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map((problem) => {
    const line = lineOf(document, splitPath(problem.path), lines);
    return `${path}:${line}: ${problem.path}: ${problem.message}`;
  });
  const rest = problems.length - shown.length;
  return new FlexInferError('INVALID_FILE', shown.join('; ') + (rest > 0 ? `; and ${rest} more` : ''));
}

/** `spec.tolerations[0].key` -> `['spec', 'tolerations', 0, 'key']`. */
function splitPath(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? (key ?? '') : Number(index),
  );
}

/** The line of the node at `path`, or of the deepest part of the path that exists. */
function lineOf(document: Document.Parsed, path: readonly (string | number)[], lines: LineCounter): number {
  let offset = document.contents?.range?.[0] ?? 0;
  for (let depth = 1; depth <= path.length; depth += 1) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1];
    // The key's own line, not its value's: a value may start a line below.
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === String(key)) : undefined;
    const node: unknown = pair?.key ?? document.getIn(path.slice(0, depth), true);
    const range = (node as { range?: [number, number, number] | null } | undefined)?.range;
    if (range === undefined || range === null) break;
    offset = range[0];
  }
  return lines.linePos(offset).line;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
