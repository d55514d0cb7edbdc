import { describe, expect, it } from 'vitest';
import { engineEnvironment } from './engine-environment.ts';

describe('engineEnvironment', () => {
  it('keeps variables that would change what an engine does, and secrets, away from it', () => {
    const ours = {
      PATH: '/bin',
      LLAMA_ARG_THREADS: '64',
      HF_TOKEN: 'secret',
      NODE_OPTIONS: '--inspect',
      HOME: '/root',
    };

    expect(engineEnvironment(ours, {})).toEqual({ PATH: '/bin', HOME: '/root' });
  });

  it('lets what the plan sets win over what is inherited', () => {
    const environment = engineEnvironment({ CUDA_VISIBLE_DEVICES: '0,1' }, { CUDA_VISIBLE_DEVICES: 'GPU-7', A: 'b' });

    expect(environment).toEqual({ CUDA_VISIBLE_DEVICES: 'GPU-7', A: 'b' });
  });

  it('leaves out what is not set', () => {
    expect(engineEnvironment({ PATH: undefined }, {})).toEqual({});
  });
});
