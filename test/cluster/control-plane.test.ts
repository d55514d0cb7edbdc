import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KUBERNETES_VERSION } from '../../scripts/cluster/versions.ts';
import { apiRequest } from './api-request.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

const STREAMED_LIST =
  '/api/v1/namespaces?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=2';

describe('a control plane', () => {
  let controlPlane: ControlPlane;

  beforeAll(async () => {
    controlPlane = await startControlPlane({ progress: (line) => console.log(line) });
  });

  afterAll(async () => {
    await controlPlane.stop();
  });

  it('is a real API server of the wanted version, reached with kubectl', async () => {
    const version = await controlPlane.kubectl(['version', '-o', 'json']);

    expect(JSON.parse(version)).toMatchObject({ serverVersion: { gitVersion: `v${KUBERNETES_VERSION}` } });
  });

  it('keeps its objects when the API server is killed and started again', async () => {
    await controlPlane.kubectl(['create', 'configmap', 'survivor', '--from-literal=a=b']);
    controlPlane.apiServer.signal('SIGKILL');
    await controlPlane.apiServer.stop();

    await controlPlane.apiServer.start();

    expect(await controlPlane.kubectl(['get', 'configmap', 'survivor', '-o', 'jsonpath={.data.a}'])).toBe('b');
  });

  it('answers a watch from before a compaction with 410', async () => {
    const list = await apiRequest(controlPlane.admin, '/api/v1/namespaces/default/configmaps');
    const { resourceVersion } = (JSON.parse(list.body) as { metadata: { resourceVersion: string } }).metadata;
    await controlPlane.kubectl(['create', 'configmap', 'later']);
    await controlPlane.etcd.compact();
    await controlPlane.apiServer.stop();
    await controlPlane.apiServer.start();

    const path = `/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=5&resourceVersion=${resourceVersion}`;
    const answer = await apiRequest(controlPlane.admin, path);

    expect(answer.body).toContain('"code":410');
  });

  it('streams its lists', async () => {
    const answer = await apiRequest(controlPlane.admin, STREAMED_LIST);

    expect(answer.status).toBe(200);
    expect(answer.body).toContain('k8s.io/initial-events-end');
  });

  it('has the front proxy that aggregated APIs need', async () => {
    const config = await controlPlane.kubectl([
      'get',
      'configmap',
      '--namespace=kube-system',
      'extension-apiserver-authentication',
      '-o',
      'json',
    ]);

    expect(config).toContain('requestheader-client-ca-file');
  });
});

describe('a control plane on an old etcd', () => {
  it('accepts a streamed list and then breaks it off with an error event', async () => {
    const controlPlane = await startControlPlane({ etcd: 'old' });
    try {
      const answer = await apiRequest(controlPlane.admin, STREAMED_LIST);

      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({
        type: 'ERROR',
        object: { code: 500, message: expect.stringContaining('RequestWatchProgress is disabled') },
      });
    } finally {
      await controlPlane.stop();
    }
  });
});

describe('a control plane with streamed lists turned off', () => {
  it('refuses one with 422', async () => {
    const controlPlane = await startControlPlane({ featureGates: { WatchList: false } });
    try {
      const answer = await apiRequest(controlPlane.admin, STREAMED_LIST);

      expect(answer.status).toBe(422);
    } finally {
      await controlPlane.stop();
    }
  });
});
