import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../metrics/catalogue.ts';
import { agentOptions, FLAGS } from './options.ts';

const page = readFileSync(fileURLToPath(new URL('../../docs/agent.md', import.meta.url)), 'utf8');

describe('agentOptions', () => {
  it('has the defaults that are promised', () => {
    expect(agentOptions([], {})).toMatchObject({
      intervalMs: 30_000,
      metricsPort: 9100,
      labelPrefix: 'flexinfer.ai/',
      overwrite: false,
      once: false,
      dryRun: false,
      hostRoot: '/',
      output: 'table',
      architectures: [],
    });
  });

  it('takes the node and the cache from the environment, and the flag before that', () => {
    const env = { NODE_NAME: 'a', MODEL_CACHE_PATH: '/models' };

    expect(agentOptions([], env)).toMatchObject({ nodeName: 'a', cache: '/models' });
    expect(agentOptions(['--node-name', 'b'], env)).toMatchObject({ nodeName: 'b' });
  });

  it('takes an empty variable for none', () => {
    expect(agentOptions([], { NODE_NAME: '' }).nodeName).toBeUndefined();
  });
});

describe('the page about the agent', () => {
  it.each(FLAGS)('has %s', (flag) => {
    expect(page).toContain(`\`${flag}`);
  });

  it.each(Object.values(METRICS).flatMap(({ name }) => (/_(gpu|agent|cpu|model_cache)_/.test(name) ? [name] : [])))(
    'has %s',
    (name) => {
      expect(page).toContain(name);
    },
  );
});
