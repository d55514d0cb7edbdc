import { describe, expect, it } from 'vitest';
import { workspaceModule } from './go-build.ts';

describe('workspaceModule', () => {
  it('replaces every staging folder of Kubernetes by the module published with the same release', () => {
    const published = [
      'module k8s.io/kubernetes',
      'go 1.24.0',
      'require (',
      '\tk8s.io/api v0.0.0',
      ')',
      'replace (',
      '\tk8s.io/api => ./staging/src/k8s.io/api',
      '\tk8s.io/apimachinery => ./staging/src/k8s.io/apimachinery',
      ')',
    ].join('\n');

    const module = workspaceModule(published, { module: 'k8s.io/kubernetes', version: '1.34.3' });

    expect(module.split('\n').filter((line) => line !== '')).toEqual([
      'module workspace',
      'go 1.24.0',
      'require k8s.io/kubernetes v1.34.3',
      'replace k8s.io/api => k8s.io/api v0.34.3',
      'replace k8s.io/apimachinery => k8s.io/apimachinery v0.34.3',
    ]);
  });

  it('leaves the replacements of other modules to Go, which ignores them in what is required', () => {
    const published = 'module example.org/a\n\ngo 1.22\n\nreplace example.org/b => ../b\n';

    const module = workspaceModule(published, { module: 'example.org/a', version: '2.0.0' });

    expect(module).not.toContain('replace');
  });
});
