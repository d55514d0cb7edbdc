import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { durationSetting, parseConfig, portSetting } from './config.ts';

const program = { name: 'flexinfer-test', description: 'A test.', version: '1.2.3' };
const settings = {
  interval: {
    flag: '--interval',
    value: 'duration',
    env: 'INTERVAL',
    describe: 'how often',
    schema: durationSetting('30s', 5000),
  },
  metricsPort: { flag: '--metrics-port', value: 'port', describe: 'port', schema: portSetting(9100) },
  once: { flag: '--once', describe: 'one cycle', schema: z.boolean().default(false) },
  nodeName: { flag: '--node-name', value: 'name', env: 'NODE_NAME', describe: 'this node', schema: z.string() },
} as const;
const parse = (args: string[], env = {}) => parseConfig(program, settings, args, { NODE_NAME: 'n1', ...env });

describe('parseConfig', () => {
  it('gives defaults where nothing is said', () => {
    expect(parse([])).toEqual({ interval: 30_000, metricsPort: 9100, once: false, nodeName: 'n1' });
  });

  it('lets a flag win over the environment, and the environment over the default', () => {
    expect(parse([], { INTERVAL: '1m' }).interval).toBe(60_000);
    expect(parse(['--interval', '10s'], { INTERVAL: '1m' }).interval).toBe(10_000);
  });

  it('treats an empty variable as absent', () => {
    expect(parse([], { INTERVAL: '' }).interval).toBe(30_000);
  });

  it.each([
    [['--interval', '30'], {}, '--interval "30" is not a duration such as 30s or 5m'],
    [['--interval', '1ms'], {}, '--interval "1ms" is under the minimum of 5s'],
    [[], { INTERVAL: 'soon' }, 'INTERVAL "soon" is not a duration such as 30s or 5m'],
    [['--metrics-port', '99999'], {}, '--metrics-port "99999" is not a port'],
    [['--metrics-port', ''], {}, '--metrics-port "" is not a port'],
    [['--metrics-port', '1e3'], {}, '--metrics-port "1e3" is not a port'],
    [['--metrics-port', 'http'], {}, '--metrics-port "http" is not a port'],
    [[], { NODE_NAME: '' }, '--node-name is required'],
    [['--intervall', '30s'], {}, "unknown option '--intervall' (Did you mean --interval?)"],
    [['extra'], {}, 'too many arguments. Expected 0 arguments but got 1: extra.'],
  ])('refuses %j %j with one line', (args, env, message) => {
    expect(() => parse(args, env)).toThrow(expect.objectContaining({ code: 'USAGE', message }));
  });
});
