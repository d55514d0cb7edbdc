import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closest, validateModelDeployment } from './validation.ts';

const minimal = (spec: object = {}, metadata: object = { name: 'm' }) => ({
  apiVersion: 'flexinfer.ai/v1alpha1',
  kind: 'ModelDeployment',
  metadata,
  spec: { model: { source: 'hf://org/repo@main/file.gguf' }, ...spec },
});

const problems = (object: unknown): string[] => {
  const result = validateModelDeployment(object);
  return 'problems' in result ? result.problems.map((each) => `${each.path}: ${each.message}`) : [];
};

describe('a manifest with nothing but a source', () => {
  it('gets every default of the contract', () => {
    const result = validateModelDeployment(minimal());

    expect(result).toMatchObject({
      value: {
        spec: {
          model: { pullPolicy: 'IfNotPresent' },
          args: [],
          env: [],
          replicas: 1,
          contextLength: 4096,
          parallel: 1,
          hardware: { accelerator: 'Any', vendors: [], architectures: [], gpus: 1, cpu: '2', fit: 'Enforce' },
          placement: {},
          benchmark: {
            enabled: true,
            warmupIterations: 2,
            iterations: 5,
            minDuration: '300s',
            waitAtMost: '10m',
          },
          kvCache: { type: 'auto', hostTier: { mode: 'Disabled', size: '8Gi', eviction: 'lru' } },
          cache: { mode: 'HostPath' },
        },
      },
    });
  });

  it('has no weights of its own, so that those of the chart apply', () => {
    const result = validateModelDeployment(minimal());

    expect('value' in result && result.value.spec.placement.weights).toBeUndefined();
  });
});

describe('a wrong manifest', () => {
  it.each<[string, unknown, string]>([
    ['an unknown field', minimal({ replica: 2 }), 'spec.replica: unknown field; did you mean replicas?'],
    [
      'an unknown nested field',
      minimal({ hardware: { minVRAM: '6Gi' } }),
      'spec.hardware.minVRAM: unknown field; did you mean minVram?',
    ],
    ['a wrong type', minimal({ replicas: 'two' }), 'spec.replicas: must be a number, not "two"'],
    ['a fraction', minimal({ replicas: 1.5 }), 'spec.replicas: must be a whole number, not 1.5'],
    [
      'an unknown backend',
      minimal({ backend: 'lamacpp' }),
      'spec.backend: must be one of ollama, llamacpp, vllm, custom, not "lamacpp"; did you mean llamacpp?',
    ],
    ['a missing model', { ...minimal(), spec: {} }, 'spec.model: is required'],
    ['another kind', { ...minimal(), kind: 'Deployment' }, 'kind: must be ModelDeployment, not "Deployment"'],
    ['a missing kind', { ...minimal(), kind: undefined }, 'kind: is required: ModelDeployment'],
    ['a number too low', minimal({ contextLength: 1 }), 'spec.contextLength: must be at least 256, not 1'],
    [
      'a name in upper case',
      minimal({}, { name: 'Big' }),
      'metadata.name: "Big" must be lower-case letters, digits and dashes, start with a letter and not end with a dash (it becomes a Service name)',
    ],
    [
      'a name too long for a Service',
      minimal({}, { name: 'a'.repeat(41) }),
      'metadata.name: must be at most 40 characters long, not 41',
    ],
    [
      'a bad duration',
      minimal({ benchmark: { minDuration: '5 minutes' } }),
      'spec.benchmark.minDuration: "5 minutes" is not a duration such as 300s or 10m',
    ],
    [
      'a bad quantity',
      minimal({ hardware: { minVram: '6GB' } }),
      'spec.hardware.minVram: "6GB" is not a quantity such as 6Gi or 500m',
    ],
    [
      'weights that are all zero',
      minimal({ placement: { weights: { tps: 0, util: 0, cost: 0 } } }),
      'spec.placement.weights: at least one weight must be above zero',
    ],
    [
      'a source without a scheme',
      minimal({ model: { source: 'org/repo' } }),
      'spec.model.source: "org/repo" must start with hf://, oci://, ollama://, pvc:// or file://',
    ],
    ['nothing at all', null, '(the object): must be an object, not null'],
    ['a list', [], '(the object): must be an object, not a list'],
  ])('is refused for %s with the field and the reason', (_, object, expected) => {
    expect(problems(object)).toContain(expected);
  });

  it('is told every problem at once', () => {
    expect(problems(minimal({ replicas: -1, parallel: 0, colour: 'red' }))).toHaveLength(3);
  });

  it('never makes validation throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (object) => {
        const result = validateModelDeployment(object);

        expect('problems' in result && result.problems.length > 0).toBe(true);
      }),
    );
  });
});

describe('closest', () => {
  it('suggests nothing for a word that resembles none', () => {
    expect(closest('banana', ['replicas', 'args'])).toBeUndefined();
  });
});
