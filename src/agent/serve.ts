import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../api/errors.ts';
import { type HealthServer, startHealthServer } from '../runtime/health-server.ts';
import type { Agent } from './agent.ts';
import type { PodDevices } from './pod-resources/pod-devices.ts';
import { readingsAnswer } from './readings.ts';

/**
 * Serves `/metrics`, `/readings`, `/healthz` and `/readyz` from what the agent knows already.
 *
 * @throws FlexInferError PORT_IN_USE
 */
export function serveAgent(
  agent: Pick<Agent, 'metrics' | 'heartbeat' | 'latest'>,
  node: string,
  podDevices: Pick<PodDevices, 'holders'>,
  port: number,
  host?: string,
): Promise<HealthServer> {
  const metrics = (_: IncomingMessage, response: ServerResponse): void => {
    agent.metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': agent.metrics.contentType }).end(text),
      (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`),
    );
  };
  const readings = (_: IncomingMessage, response: ServerResponse): void => {
    const cycle = agent.latest;
    if (cycle === undefined) {
      response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1' }).end('no look has ended yet\n');
      return;
    }
    const body = JSON.stringify(readingsAnswer(cycle, node, podDevices.holders));
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(`${body}\n`);
  };
  return startHealthServer({
    port,
    ...(host === undefined ? {} : { host }),
    healthy: () => agent.heartbeat.healthy,
    ready: () => agent.heartbeat.ready,
    routes: { '/metrics': metrics, '/readings': readings },
  });
}
