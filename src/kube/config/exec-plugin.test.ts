import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { KubeConfigError } from './config-error.ts';
import { CERTIFICATE, KEY, kubeconfigText, withFiles } from './kubeconfig.fake.ts';
import { kubeconfigConnection } from './kubeconfig.ts';

const signal = AbortSignal.timeout(15_000);
const V1 = 'client.authentication.k8s.io/v1';

/** A plugin that counts its runs, remembers how it was asked and prints the file `answer`. */
const PLUGIN = `#!/bin/sh
echo run >> "$0.runs"
printf '%s' "$KUBERNETES_EXEC_INFO" > "$0.info"
printf '%s %s' "$1" "$GREETING" > "$0.args"
cat "$(dirname "$0")/answer"
`;

const printed = (status: object, more: object = {}) =>
  JSON.stringify({ apiVersion: V1, kind: 'ExecCredential', status, ...more });

interface Scene {
  readonly clock: ManualClock;
  readonly credentials: Awaited<ReturnType<typeof kubeconfigConnection>>['credentials'];
  readonly runs: () => Promise<number>;
  readonly path: (name: string) => string;
}

function scene(
  answer: string,
  test: (scene: Scene) => Promise<void>,
  exec: object = {},
  plugin = PLUGIN,
): Promise<void> {
  const user = {
    exec: {
      apiVersion: V1,
      command: './plugin',
      args: ['login'],
      env: [{ name: 'GREETING', value: 'hello' }],
      ...exec,
    },
  };
  return withFiles({ config: kubeconfigText({}, user), plugin, answer }, async (path) => {
    const clock = new ManualClock();
    const env = { PATH: process.env.PATH };
    const { credentials } = await kubeconfigConnection({ env, clock, path: path('config') });
    const runs = async () => (await readFile(path('plugin.runs'), 'utf8')).split('\n').length - 1;
    await test({ clock, credentials, runs, path });
  });
}

const inOneHour = (clock: ManualClock) => new Date(clock.wallMs() + 3_600_000).toISOString();

describe('an exec plugin', () => {
  it('is asked with arguments, environment and, if it wants that, the cluster', () =>
    scene(
      printed({ token: 'abc' }),
      async ({ credentials, path }) => {
        expect(await credentials.current(signal)).toMatchObject({ token: 'abc' });

        expect(await readFile(path('plugin.args'), 'utf8')).toBe('login hello');
        expect(JSON.parse(await readFile(path('plugin.info'), 'utf8'))).toEqual({
          apiVersion: V1,
          kind: 'ExecCredential',
          spec: { interactive: false, cluster: { server: 'https://api.example:6443' } },
        });
      },
      { provideClusterInfo: true, interactiveMode: 'Never' },
    ));

  it('is run once for all requests until its answer expires', () =>
    scene('', async ({ clock, credentials, runs, path }) => {
      await writeFile(path('answer'), printed({ token: 'abc', expirationTimestamp: inOneHour(clock) }));

      await Promise.all([credentials.current(signal), credentials.current(signal)]);
      await clock.advance(3_599_999);
      await credentials.current(signal);
      expect(await runs()).toBe(1);
      await clock.advance(1);
      await credentials.current(signal);

      expect(await runs()).toBe(2);
    }));

  it('is run again when its answer has expired by either clock, whichever jumps', () =>
    scene('', async ({ clock, credentials, runs, path }) => {
      await writeFile(path('answer'), printed({ token: 'abc', expirationTimestamp: inOneHour(clock) }));
      await credentials.current(signal);

      clock.jumpWall(-86_400_000);
      await clock.advance(3_600_000);
      await credentials.current(signal);
      expect(await runs()).toBe(2);
      clock.jumpWall(2 * 86_400_000);
      await credentials.current(signal);

      expect(await runs()).toBe(3);
    }));

  it('is run again after a 401, but not for a late one to an older token', () =>
    scene(printed({ token: 'first' }), async ({ credentials, runs, path }) => {
      const first = await credentials.current(signal);
      await writeFile(path('answer'), printed({ token: 'second' }));

      expect(credentials.refused(first)).toBe(true);
      expect(await credentials.current(signal)).toMatchObject({ token: 'second' });
      credentials.refused(first);
      await credentials.current(signal);

      expect(await runs()).toBe(2);
    }));

  it('may give a certificate instead of a token', () =>
    scene(printed({ clientCertificateData: CERTIFICATE, clientKeyData: KEY }), async ({ credentials }) => {
      expect(await credentials.current(signal)).toEqual({ clientCertificate: { cert: CERTIFICATE, key: KEY } });
    }));

  it('does not hold up a caller that goes away', () =>
    scene(
      '',
      async ({ credentials }) => {
        const stop = new AbortController();
        const asking = credentials.current(stop.signal);
        stop.abort(new Error('gone'));

        await expect(asking).rejects.toThrow('gone');
      },
      {},
      '#!/bin/sh\nsleep 0.2\n',
    ));

  it.each([
    ['no JSON', 'secret-token', 'did not print JSON'],
    ['something else', '{"kind":"Pod"}', 'did not print an ExecCredential'],
    [
      'another version',
      printed({ token: 'x' }, { apiVersion: 'client.authentication.k8s.io/v1beta1' }),
      'the kubeconfig says',
    ],
    ['no status', JSON.stringify({ apiVersion: V1, kind: 'ExecCredential' }), 'printed no status'],
    ['an empty status', printed({}), 'neither token nor certificate'],
    ['half a pair', printed({ token: 'x', clientKeyData: KEY }), 'a certificate or key alone'],
    ['an end that is no time', printed({ token: 'x', expirationTimestamp: 'soon' }), 'no time'],
  ])('that prints %s is refused, without telling what it printed', (_, answer, what) =>
    scene(answer, async ({ credentials }) => {
      const asking = credentials.current(signal);

      await expect(asking).rejects.toThrow(KubeConfigError);
      await expect(asking).rejects.toThrow(what);
      await expect(asking).rejects.not.toThrow('secret-token');
    }),
  );

  it('that does not exist is named, with the hint of the kubeconfig', () =>
    scene(
      '',
      async ({ credentials }) => {
        await expect(credentials.current(signal)).rejects.toMatchObject({
          message: expect.stringContaining('no-such-plugin of user "u"') as string,
          todo: 'get it from your cloud',
        });
      },
      { command: 'no-such-plugin', installHint: 'get it from your cloud' },
    ));

  it('that fails is quoted', () =>
    scene(
      '',
      async ({ credentials }) => {
        await expect(credentials.current(signal)).rejects.toThrow('exit code 3; it said: not logged in');
      },
      { interactiveMode: 'Never' },
      '#!/bin/sh\necho not logged in >&2\nexit 3\n',
    ));

  it('that never ends is ended', () =>
    scene(
      '',
      async ({ clock, credentials }) => {
        const asking = credentials.current(signal).catch((error: unknown) => error);

        await clock.advance(300_000);

        expect(String(await asking)).toContain('no answer within 300 s');
      },
      {},
      '#!/bin/sh\nexec sleep 60\n',
    ));

  it('that prints without end is ended', () =>
    scene(
      '',
      async ({ credentials }) => {
        await expect(credentials.current(signal)).rejects.toThrow('printed too much');
      },
      {},
      '#!/bin/sh\nexec yes\n',
    ));
});
