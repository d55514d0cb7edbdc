import { describe, expect, it } from 'vitest';
import { apiVersionOf, collectionPath, objectPath, resource } from './resource.ts';

const pods = resource('v1', 'Pod', 'pods');
const deployments = resource('apps/v1', 'Deployment', 'deployments');
const nodes = resource('v1', 'Node', 'nodes', 'cluster');

describe('paths', () => {
  it('follow the layout of the API', () => {
    expect(collectionPath(pods)).toBe('/api/v1/pods');
    expect(collectionPath(deployments, 'a')).toBe('/apis/apps/v1/namespaces/a/deployments');
    expect(objectPath(nodes, { name: 'n1' })).toBe('/api/v1/nodes/n1');
    expect(objectPath(pods, { namespace: 'a', name: 'b' }, 'log')).toBe('/api/v1/namespaces/a/pods/b/log');
    expect(apiVersionOf(pods)).toBe('v1');
    expect(apiVersionOf(deployments)).toBe('apps/v1');
  });

  it('are never made of a name that would lead elsewhere', () => {
    for (const name of ['', '.', '..', 'a/b', '../../secrets', 'a%2fb']) {
      expect(() => objectPath(pods, { namespace: 'a', name })).toThrow('cannot be the name');
      expect(() => collectionPath(pods, name)).toThrow('cannot be the namespace');
    }
  });

  it('encode what a name may hold and a path may not', () => {
    expect(objectPath(nodes, { name: 'a?b#c' })).toBe('/api/v1/nodes/a%3Fb%23c');
  });

  it('ask for a namespace where there is one, and for none where there is none', () => {
    expect(() => objectPath(pods, { name: 'b' })).toThrow('needs a namespace');
    expect(() => collectionPath(nodes, 'a')).toThrow('has no namespaces');
  });
});
