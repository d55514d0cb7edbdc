import { asFlexInferError, errorLine } from '../api/errors.ts';
import { isHelp } from '../runtime/config.ts';
import { listenForShutdown } from '../runtime/shutdown.ts';
import { runDaemon } from './daemon.ts';
import { runOnce } from './once.ts';
import { agentOptions } from './options.ts';

/** Runs the agent until it is told to stop and gives the exit code. A failure is one line on stderr. */
export async function run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  try {
    const options = agentOptions(args, env);
    if (options.once) {
      await runOnce(options, env, (text) => process.stdout.write(text));
      return 0;
    }
    const shutdown = listenForShutdown();
    await runDaemon(options, env, shutdown.signal);
    shutdown.dispose();
    return 0;
  } catch (error) {
    if (isHelp(error)) return 0;
    const known = asFlexInferError(error);
    process.stderr.write(`${errorLine(known)}\n`);
    return known.exitCode;
  }
}
