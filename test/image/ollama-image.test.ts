import { openAsBlob } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_MODEL, smallModel } from '../../scripts/engines/small-model.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { skipWithoutNodes } from '../cluster/possible.ts';
import { OLLAMA_IMAGE, ollamaImageArchive } from '../cluster/test-images.ts';
import { waitUntil } from '../cluster/wait-until.ts';

const NAMESPACE = 'guarded';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'ollama', namespace: NAMESPACE },
  spec: {
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'home', emptyDir: {} }],
    containers: [
      {
        name: 'engine',
        image: OLLAMA_IMAGE,
        imagePullPolicy: 'Never',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'home', mountPath: '/tmp' }],
      },
    ],
  },
};

describe.skipIf(skipWithoutNodes())('Ollama under restricted Pod Security', () => {
  let cluster: Cluster;
  let modelFile: string;

  beforeAll(async () => {
    const progress = (line: string) => console.log(line);
    modelFile = await smallModel(progress);
    const archive = await ollamaImageArchive(progress);
    cluster = await startCluster({ nodes: 1, progress });
    await cluster.importImage(archive);
    await cluster.kubectl(['create', 'namespace', NAMESPACE]);
    await cluster.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted']);
    await waitUntil('pods can be made', async () => {
      const text = await cluster.kubectl(['get', 'serviceaccount', `--namespace=${NAMESPACE}`, '-o', 'name']);
      return text.includes('default') ? true : undefined;
    });
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(POD));
  });

  afterAll(async () => {
    await cluster.stop();
  });

  /** Where the server answers, once it does, and the version it says it is. */
  async function whenServing(): Promise<{ readonly url: string; readonly version: unknown }> {
    return waitUntil('ollama answers', async () => {
      const query = ['get', 'pod', 'ollama', `--namespace=${NAMESPACE}`, '-o', 'jsonpath={.status.podIP}'];
      const address = await cluster.kubectl(query);
      if (address === '') return undefined;
      const url = `http://${address}:11434`;
      return { url, version: await (await fetch(`${url}/api/version`)).json() };
    });
  }

  async function post(url: string, body: string | Blob): Promise<string> {
    const answer = await fetch(url, { method: 'POST', body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
    return text;
  }

  it('takes a model and generates tokens with it, with nothing writable but one volume', async () => {
    const { url, version } = await whenServing();
    const digest = `sha256:${SMALL_MODEL.sha256}`;

    await post(`${url}/api/blobs/${digest}`, await openAsBlob(modelFile));
    const create = { model: 'small', files: { [SMALL_MODEL.fileName]: digest }, stream: false };
    const created = await post(`${url}/api/create`, JSON.stringify(create));
    const options = { num_predict: 16, num_ctx: 512, seed: 1, temperature: 0 };
    const request = { model: 'small', prompt: 'Once upon a time', raw: true, stream: false, options };
    const generated = await post(`${url}/api/generate`, JSON.stringify(request));

    expect(version).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(JSON.parse(created)).toMatchObject({ status: 'success' });
    expect(JSON.parse(generated)).toMatchObject({ model: 'small', done: true, eval_count: 16, done_reason: 'length' });
  });
});
