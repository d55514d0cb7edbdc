import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf, failureOrNone } from './failure-of.ts';
import { formatModelReference, parseModelReference } from './reference.ts';

const DIGEST = `sha256:${'0af1'.repeat(16)}`;

describe('parseModelReference', () => {
  it.each([
    ['hf://org/repo', { scheme: 'hf', repository: 'org/repo', revision: 'main', file: undefined }],
    ['hf://org/repo@v1.0/a.gguf', { scheme: 'hf', repository: 'org/repo', revision: 'v1.0', file: 'a.gguf' }],
    ['hf://o/r/sub/dir/a b.gguf', { scheme: 'hf', repository: 'o/r', revision: 'main', file: 'sub/dir/a b.gguf' }],
    ['hf://o/r@refs/pr/7/a.gguf', { scheme: 'hf', repository: 'o/r', revision: 'refs/pr/7', file: 'a.gguf' }],
    ['hf://o/r@feature%2Fx/a.gguf', { scheme: 'hf', repository: 'o/r', revision: 'feature/x', file: 'a.gguf' }],
    ['hf://o/r/a%25b.gguf', { scheme: 'hf', repository: 'o/r', revision: 'main', file: 'a%b.gguf' }],
    ['hf://o/r/', { scheme: 'hf', repository: 'o/r', revision: 'main', file: undefined }],
    ['file:///a/b c.gguf', { scheme: 'file', path: '/a/b c.gguf' }],
    ['file:///a/%C3%A4.gguf', { scheme: 'file', path: '/a/ä.gguf' }],
    [
      'oci://r.example:5000/p/m:v1',
      { scheme: 'oci', registry: 'r.example:5000', repository: 'p/m', tag: 'v1', digest: undefined },
    ],
    [
      `oci://127.0.0.1:5000/m@${DIGEST}`,
      { scheme: 'oci', registry: '127.0.0.1:5000', repository: 'm', tag: 'latest', digest: DIGEST },
    ],
    ['ollama://qwen3:8b', { scheme: 'ollama', name: 'qwen3', tag: '8b' }],
    ['ollama://me/qwen3', { scheme: 'ollama', name: 'me/qwen3', tag: 'latest' }],
    ['pvc://models/a/b.gguf', { scheme: 'pvc', claim: 'models', path: 'a/b.gguf' }],
  ])('reads %s', (text, expected) => {
    const reference = parseModelReference(text);

    expect(reference).toEqual(expected);
    expect(parseModelReference(formatModelReference(reference))).toEqual(reference);
  });

  it.each([
    ['', /no scheme/],
    ['model.gguf', /no scheme/],
    ['ftp://x/y', /unknown scheme/],
    [' hf://o/r', /spaces/],
    ['hf://o/r/a\0.gguf', /control/],
    ['hf://', /repository/],
    ['hf://only', /repository/],
    ['hf://o/..', /repository name/],
    ['hf://o/a--b', /repository name/],
    ['hf://o/r@/a.gguf', /repository/],
    ['hf://o/r@a..b/a.gguf', /revision/],
    ['hf://o/r@-x/a.gguf', /revision/],
    ['hf://o/r/../../etc/passwd', /path/],
    ['hf://o/r/%2e%2e/x.gguf', /path/],
    ['hf://o/r/a%00.gguf', /NUL/],
    ['hf://o/r/a\\b.gguf', /backslash/],
    ['hf://o/r/%E0%A4%A.gguf', /escape/],
    ['file://host/a.gguf', /absolute/],
    ['file://a.gguf', /absolute/],
    ['file:///a/', /folder/],
    ['oci://registry', /registry and a repository/],
    ['oci://r/UPPER:v1', /repository/],
    ['oci://r/m:', /tag/],
    ['oci://r/m@sha256:ABC', /digest/],
    ['oci://r/m@md5:d41d8cd98f00b204e9800998ecf8427e', /digest/],
    ['ollama://', /Ollama/],
    ['ollama://a b', /Ollama/],
    ['pvc://Claim/x', /claim/],
    ['pvc://claim/../x', /path/],
    [`hf://o/r/${'x'.repeat(1100)}`, /longer/],
  ])('refuses %j and says why', async (text, why) => {
    const error = await failureOf(() => parseModelReference(text));

    expect(error.code).toBe('INVALID_REFERENCE');
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(why);
    expect(error.todo).toBeTruthy();
  });

  it('shows how to write a plain path and a web address of the hub', async () => {
    const todo = async (text: string) => (await failureOf(() => parseModelReference(text))).todo;

    expect(await todo('/models/a.gguf')).toContain('file:///models/a.gguf');
    expect(await todo('https://hub.example/org/repo/resolve/main/a.gguf?download=true')).toContain(
      'hf://org/repo@main/a.gguf',
    );
  });

  it('throws nothing but FlexInferError, and what it accepts has one spelling', async () => {
    const scheme = fc.constantFrom('hf://', 'hf://o/r/', 'file:///', 'oci://r/', 'ollama://', 'pvc://c/', '');
    await fc.assert(
      fc.asyncProperty(scheme, fc.string({ unit: 'binary', maxLength: 200 }), async (start, rest) => {
        await failureOrNone(() => {
          const reference = parseModelReference(start + rest);
          expect(parseModelReference(formatModelReference(reference))).toEqual(reference);
        });
      }),
    );
  });
});
