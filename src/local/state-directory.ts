import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where one machine keeps its benchmark records, engine logs and the list of running servers. */
export function stateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['FLEXINFER_STATE'];
  if (own !== undefined && own !== '') return own;
  const base = env['XDG_STATE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'state'), 'flexinfer');
}
