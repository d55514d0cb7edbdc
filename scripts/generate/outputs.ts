import { stringify } from 'yaml';
import { modelDeploymentCrd } from '../../src/api/crd.ts';
import { errorPage } from './error-page.ts';

/** A committed file that is made from the code. */
export interface Output {
  /** Below the root of the repository. */
  readonly path: string;
  readonly content: () => string;
}

const HEADER = '# Made by `npm run generate` from src/api: change it there.\n';

/** Every generated file. */
export const OUTPUTS: readonly Output[] = [
  {
    path: 'charts/flexinfer/crds/modeldeployments.yaml',
    content: () => HEADER + stringify(modelDeploymentCrd(), { lineWidth: 0, aliasDuplicateObjects: false }),
  },
  { path: 'docs/reference/errors.md', content: errorPage },
];
