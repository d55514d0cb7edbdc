import { describe, expect, it } from 'vitest';
import { INVALID, objectOf, VALID } from '../../test/cluster/model-deployment-cases.ts';
import { validateModelDeployment } from './validation.ts';

// The same table is put to a real API server in test/cluster/crd.test.ts.
describe('a ModelDeployment', () => {
  it.each(VALID)('is right with $what', (given) => {
    const result = validateModelDeployment(objectOf(given));

    expect(result).toHaveProperty('value');
  });

  it.each(INVALID)('is wrong with $what, and the field is named', (given) => {
    const result = validateModelDeployment(objectOf(given));

    expect('problems' in result ? result.problems.map((problem) => problem.path) : []).toContain(given.path);
  });
});
