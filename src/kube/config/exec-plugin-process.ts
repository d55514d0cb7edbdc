import { spawn } from 'node:child_process';
import { isRecord } from '../objects/object.ts';
import type { Clock } from '../time/clock.ts';
import type { Credentials } from './cluster-connection.ts';
import { KubeConfigError } from './config-error.ts';
import type { ExecPluginSpec } from './exec-plugin-spec.ts';

/** Long enough for a person to log in with a browser; a plugin that hangs must not hang us. */
const TIME_LIMIT_MS = 300_000;
const OUTPUT_LIMIT = 1 << 20;

export interface PluginAnswer {
  readonly credentials: Credentials;
  /** Infinity when the plugin set no end. */
  readonly expiresWallMs: number;
}

/**
 * Runs the plugin once. It is started without a shell and asked by `KUBERNETES_EXEC_INFO`.
 *
 * @throws KubeConfigError when it cannot be started, fails, takes too long or prints something else
 */
export async function runPlugin(
  spec: ExecPluginSpec,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): Promise<PluginAnswer> {
  const terminal = process.stdin.isTTY;
  if (spec.interactiveMode === 'Always' && !terminal) {
    throw new KubeConfigError(
      `the exec plugin ${spec.command} of ${spec.where} needs a terminal`,
      'run this in a terminal, or use credentials that need none',
    );
  }
  const interactive = spec.interactiveMode !== 'Never' && terminal;
  const info = {
    apiVersion: spec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive, cluster: spec.cluster },
  };
  const output = await outputOf(spec, interactive, clock, {
    ...env,
    ...spec.env,
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  });
  return readAnswer(spec, output);
}

function outputOf(
  spec: ExecPluginSpec,
  interactive: boolean,
  clock: Clock,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, spec.args, {
      env,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', interactive ? 'inherit' : 'pipe'],
    });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    const stop = clock.after(TIME_LIMIT_MS, () => {
      child.kill('SIGKILL');
      fail(`gave no answer within ${TIME_LIMIT_MS / 1_000} s`);
    });
    const fail = (what: string, cause?: unknown) => {
      stop();
      const said = stderr.trim() === '' ? '' : `; it said: ${stderr.trim().slice(-500)}`;
      reject(
        new KubeConfigError(
          `the exec plugin ${spec.command} of ${spec.where} ${what}${said}`,
          spec.installHint?.trim() || 'install the plugin or log in with it, then try again',
          cause,
        ),
      );
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes <= OUTPUT_LIMIT) stdout.push(chunk);
      else child.kill('SIGKILL');
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-2_000);
    });
    child.once('error', (error) => fail(`cannot be started (${error.message})`, error));
    child.once('close', (code, signal) => {
      stop();
      if (code === 0) resolve(Buffer.concat(stdout).toString('utf8'));
      else fail(stdoutBytes > OUTPUT_LIMIT ? 'printed too much' : `ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

function readAnswer(spec: ExecPluginSpec, output: string): PluginAnswer {
  const wrong = (what: string) =>
    new KubeConfigError(`the exec plugin ${spec.command} of ${spec.where} ${what}`, 'update the plugin');
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch (error) {
    // What it printed may be a secret: it stays out of the message.
    throw new KubeConfigError(
      `the exec plugin ${spec.command} of ${spec.where} did not print JSON`,
      'run the plugin by hand to see what it prints',
      error instanceof SyntaxError ? undefined : error,
    );
  }
  if (!isRecord(answer) || answer.kind !== 'ExecCredential') throw wrong('did not print an ExecCredential');
  if (answer.apiVersion !== spec.apiVersion) {
    throw wrong(`answered in version ${String(answer.apiVersion)}, the kubeconfig says ${spec.apiVersion}`);
  }
  const status = answer.status;
  if (!isRecord(status)) throw wrong('printed no status');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  const clientCertificate = typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
  if ((typeof cert === 'string') !== (typeof key === 'string')) throw wrong('gave a certificate or key alone');
  if (typeof token !== 'string' && clientCertificate === undefined) throw wrong('gave neither token nor certificate');
  const expiresWallMs =
    typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
  if (Number.isNaN(expiresWallMs)) throw wrong(`gave an expirationTimestamp that is no time`);
  return { credentials: { token: typeof token === 'string' ? token : undefined, clientCertificate }, expiresWallMs };
}
