import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { KubeConfigError } from './config-error.ts';
import { mergeKubeconfigs, parseKubeconfig } from './kubeconfig-file.ts';

function outcome(text: string): unknown {
  try {
    return parseKubeconfig(text, 'f');
  } catch (error) {
    return error;
  }
}

describe('parseKubeconfig', () => {
  it('understands a file or refuses it, and fails in no other way', () => {
    const near = fc.record({ clusters: fc.jsonValue(), users: fc.jsonValue(), contexts: fc.jsonValue() });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((value) => stringify(value)),
        ),
        (text) => {
          const result = outcome(text);

          expect(result instanceof KubeConfigError || !(result instanceof Error)).toBe(true);
        },
      ),
    );
  });

  it('takes the first of two entries with one name', () => {
    const text = 'users: [{name: u, user: {token: first}}, {name: u, user: {token: second}}]';

    expect(parseKubeconfig(text, 'f').users.get('u')?.text('token')).toBe('first');
  });
});

describe('mergeKubeconfigs', () => {
  it('takes each entry and the current context from the first file that has them', () => {
    const first = parseKubeconfig('users: [{name: u, user: {token: first}}]', '/a/first');
    const second = parseKubeconfig(
      'current-context: c\nusers: [{name: u, user: {token: second}}, {name: v, user: {tokenFile: t}}]',
      '/b/second',
    );

    const merged = mergeKubeconfigs([first, second]);

    expect(merged.currentContext).toBe('c');
    expect(merged.users.get('u')?.text('token')).toBe('first');
    // Relative to its own file, whichever the others are.
    expect(merged.users.get('v')?.path('tokenFile')).toBe('/b/t');
  });
});
