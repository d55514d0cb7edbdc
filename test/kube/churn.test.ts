import { expect, it } from 'vitest';
import { startControlPlane } from '../cluster/control-plane.ts';
import { churn } from './churn.ts';

/** `KUBE_CHURN=long npm run test:system -- test/kube/churn.test.ts` churns for ten minutes and stops the server for 90 s. */
const long = process.env.KUBE_CHURN === 'long';
const [seconds, pauseSeconds, restarts] = long ? [600, 90, 3] : [40, 6, 2];

it(
  'informers miss nothing and tell nothing in the wrong order, whatever happens to the API server',
  async () => {
    const plane = await startControlPlane();
    try {
      const report = await churn(plane, {
        seconds,
        pauseSeconds,
        restarts,
        perSecond: 200,
        log: (line) => console.log(line),
      });
      console.log(JSON.stringify(report, undefined, 2));

      const { created, changed, deleted } = report.writes;
      expect(report.violations).toEqual([]);
      expect(report.differences).toEqual([]);
      expect(created + changed + deleted).toBeGreaterThan(seconds * 20);
      // Restarts after compactions: informers have met a history that is gone.
      expect(Object.keys(report.failures).filter((each) => each.includes('Expired')).length).toBeGreaterThan(0);
      expect(report.heapMB[1]).toBeLessThan(report.heapMB[0] + 30);
    } finally {
      await plane.stop();
    }
  },
  (seconds + pauseSeconds) * 1_000 + 300_000,
);
