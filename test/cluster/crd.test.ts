import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validateModelDeployment } from '../../src/api/validation.ts';
import { apiRequest } from './api-request.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { INVALID, objectOf, VALID } from './model-deployment-cases.ts';
import { waitUntil } from './wait-until.ts';

const CRD_FILE = new URL('../../charts/flexinfer/crds/modeldeployments.yaml', import.meta.url);
const OBJECTS = '/apis/flexinfer.ai/v1alpha1/namespaces/default/modeldeployments';

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane({ progress: (line) => console.log(line) });
  await controlPlane.kubectl(['apply', '-f', '-'], readFileSync(CRD_FILE, 'utf8'));
  await controlPlane.kubectl(['wait', 'crd/modeldeployments.flexinfer.ai', '--for=condition=Established']);
  await waitUntil('the kind is served', async () => {
    const answer = await apiRequest(controlPlane.admin, OBJECTS);
    return answer.status === 200 ? true : undefined;
  });
});

afterAll(async () => {
  await controlPlane.stop();
});

/** Asks the API server to create an object without keeping it, and returns its status code and message. */
async function tryCreate(object: unknown): Promise<{ readonly status: number; readonly message: string }> {
  const answer = await apiRequest(controlPlane.admin, `${OBJECTS}?dryRun=All&fieldValidation=Strict`, {
    method: 'POST',
    body: JSON.stringify(object),
  });
  const { message = '' } = JSON.parse(answer.body) as { message?: string };
  return { status: answer.status, message };
}

function problemsOf(object: unknown): readonly string[] {
  const result = validateModelDeployment(object);
  return 'problems' in result ? result.problems.map((problem) => problem.path) : [];
}

describe('the API server and the command line agree on', () => {
  it.each(VALID)('$what: right', async (given) => {
    const object = objectOf(given);

    const answer = await tryCreate(object);

    expect(answer).toEqual({ status: 201, message: '' });
    expect(problemsOf(object)).toEqual([]);
  });

  it.each(INVALID)('$what: wrong', async (given) => {
    const object = objectOf(given);

    const answer = await tryCreate(object);

    expect([400, 422]).toContain(answer.status);
    expect(answer.message).toMatch(given.message);
    expect(problemsOf(object)).toContain(given.path);
  });

  it('whatever is put together from right and wrong parts', async () => {
    const parts = [...VALID, ...INVALID].flatMap(({ spec }) => Object.entries(spec));
    const specs = fc
      .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 5 })
      .map((chosen) => Object.fromEntries(chosen));

    await fc.assert(
      fc.asyncProperty(specs, async (spec) => {
        const object = objectOf({ what: '', spec });
        const answer = await tryCreate(object);
        expect({ accepted: answer.status === 201, because: answer.message }).toEqual({
          accepted: problemsOf(object).length === 0,
          because: answer.message,
        });
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});

describe('a ModelDeployment in the API server', () => {
  beforeAll(async () => {
    const object = objectOf({ what: '', name: 'stored', spec: { model: { source: 'ollama://smollm2:135m' } } });
    await controlPlane.kubectl(['create', '-f', '-'], JSON.stringify(object));
  });

  it('has the same defaults the command line fills in', async () => {
    const stored = JSON.parse(await controlPlane.kubectl(['get', 'fmd', 'stored', '-o', 'json'])) as { spec: unknown };

    const validated = validateModelDeployment(stored);

    expect(validated).toMatchObject({ value: { spec: stored.spec } });
  });

  it('is scaled like a Deployment, with the selector an autoscaler needs', async () => {
    const status = { replicas: 3, readyReplicas: 2, selector: 'flexinfer.ai/model-deployment=stored' };
    const patch = JSON.stringify({ status });
    await controlPlane.kubectl(['patch', 'fmd', 'stored', '--subresource=status', '--type=merge', '-p', patch]);
    await controlPlane.kubectl(['scale', 'fmd', 'stored', '--replicas=4']);

    const scale = await apiRequest(controlPlane.admin, `${OBJECTS}/stored/scale`);

    expect(JSON.parse(scale.body)).toMatchObject({
      spec: { replicas: 4 },
      status: { replicas: 3, selector: 'flexinfer.ai/model-deployment=stored' },
    });
  });

  it('is shown with its columns, and found by its category', async () => {
    const status = {
      tokensPerSecond: '41.7',
      endpoint: 'http://stored.default.svc:8000',
      benchmarks: [{ deviceClass: 'cpu.amd-epyc-7763.v3.8c', state: 'Measured' }],
      conditions: [
        { type: 'Ready', status: 'False', reason: 'BenchmarkRunning', message: '', lastTransitionTime: 'now' },
      ],
    };
    const patch = JSON.stringify({ status });
    await controlPlane.kubectl(['patch', 'fmd', 'stored', '--subresource=status', '--type=merge', '-p', patch]);

    const table = await controlPlane.kubectl(['get', 'flexinfer']);

    expect(table).toMatch(/^NAME +MODEL +BACKEND +READY +DESIRED +TOKENS\/S +BEST CLASS +AGE +REASON$/m);
    expect(table).toMatch(
      /^stored +ollama:\/\/smollm2:135m .* 41\.7 +cpu\.amd-epyc-7763\.v3\.8c +\S+ +BenchmarkRunning$/m,
    );
  });

  it('drops a field of its status that it does not know', async () => {
    const patch = JSON.stringify({ status: { surprise: true } });
    await controlPlane.kubectl(['patch', 'fmd', 'stored', '--subresource=status', '--type=merge', '-p', patch]);

    const stored = await controlPlane.kubectl(['get', 'fmd', 'stored', '-o', 'json']);

    expect(stored).not.toContain('surprise');
  });

  it('is explained field by field', async () => {
    const spec = await controlPlane.kubectl(['explain', 'fmd.spec']);
    const all = await controlPlane.kubectl(['explain', 'fmd', '--recursive']);
    const one = await controlPlane.kubectl(['explain', 'fmd.spec.contextLength']);

    expect(spec).not.toContain('<no description>');
    expect(spec).toMatch(/kvCache\t<Object>\n +The memory of the attention: keys and values\./);
    expect(one).toContain('Tokens of context per sequence. Default: 4096.');
    expect(all).toContain('tokensPerSecond');
  });
});

describe('the CRD', () => {
  it('is structural and accepted without a word of doubt', async () => {
    const text = await controlPlane.kubectl(['get', 'crd', 'modeldeployments.flexinfer.ai', '-o', 'json']);

    const { status } = JSON.parse(text) as { status: { conditions: { type: string; status: string }[] } };

    const doubts = status.conditions.filter((each) => each.type === 'NonStructuralSchema');
    expect(doubts).toEqual([]);
  });
});
