import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathProblem, pathSetProblem } from './path-rules.ts';

describe('pathProblem', () => {
  it.each(['a.gguf', 'sub/dir/a.gguf', 'a b-c_d.gguf', 'ä/ö.gguf', '.gitattributes', 'ready.gguf'])(
    'accepts %s',
    (path) => {
      expect(pathProblem(path)).toBeUndefined();
    },
  );

  it.each([
    '',
    '/etc/x',
    '../x',
    'a/../../b',
    'a/./b',
    'a//b',
    'a/',
    'a\\..\\b',
    'C:/x',
    'a\0b',
    'a\nb',
    'ready',
    'sub/ready',
    '.flexinfer-x',
    '\ud800',
    'x'.repeat(256),
    'a/'.repeat(600),
  ])('refuses %j', (path) => {
    expect(pathProblem(path)).toBeTypeOf('string');
  });

  it('never lets a path out of the folder it is joined to', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', '\0', ':', 'C'), maxLength: 12 }), (path) => {
        fc.pre(pathProblem(path) === undefined);
        expect(normalize(join('/root/store', path)).startsWith('/root/store/')).toBe(true);
      }),
    );
  });
});

describe('pathSetProblem', () => {
  it('accepts different files', () => {
    expect(pathSetProblem(['a', 'b/c', 'b/d'])).toBeUndefined();
  });

  it.each([
    [['a', 'a'], /same file/],
    [['A', 'a'], /same file/],
    [['é.gguf'.normalize('NFC'), 'é.gguf'.normalize('NFD')], /same file/],
    [['a', 'a/b'], /both a file and a folder/],
    [['a/b', 'A'], /both a file and a folder/],
  ])('refuses %j side by side', (paths, why) => {
    expect(pathSetProblem(paths)).toMatch(why);
  });
});
