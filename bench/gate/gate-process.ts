import { startGate } from '../../src/gate/gate.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { systemClock } from '../../src/runtime/clock.ts';

/** The gate in a process of its own, so that its time and memory are its own. Tells them whenever it is asked. */
const [engineOrigin = '', engineModel = ''] = process.argv.slice(2);
const gate = await startGate({
  host: '127.0.0.1',
  port: 0,
  clock: systemClock,
  metrics: new MetricsRegistry(),
  models: [{ name: 'model', backend: 'llamacpp', engineOrigin, engineModel, node: 'bench', maxConcurrent: 1024 }],
});
gate.markReady('model');

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMiB: process.memoryUsage.rss() / 1024 / 1024 });
});
process.on('disconnect', () => process.exit());
process.send?.({ port: gate.address.port });
