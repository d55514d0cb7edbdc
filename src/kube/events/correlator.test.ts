import { describe, expect, it } from 'vitest';
import { ManualClock } from '../time/manual-clock.fake.ts';
import { EventCorrelator } from './correlator.ts';
import type { Occurrence } from './event.ts';

const occurrence = (message: string, name = 'a', reason = 'Failed'): Occurrence => ({
  subject: { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name, uid: name },
  type: 'Warning',
  reason,
  message,
});

describe('EventCorrelator', () => {
  it('counts equal occurrences as one event, and different ones as different events', () => {
    const correlator = new EventCorrelator(new ManualClock());

    const keys = [
      occurrence('x'),
      occurrence('x'),
      occurrence('y'),
      occurrence('x', 'b'),
      occurrence('x', 'a', 'Other'),
    ].map((each) => correlator.correlate(each)?.key);

    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(4);
  });

  it('combines from the tenth different message on', () => {
    const correlator = new EventCorrelator(new ManualClock());

    const all = Array.from({ length: 12 }, (_, index) => correlator.correlate(occurrence(`message ${index}`)));

    expect(all[8]?.message).toBe('message 8');
    expect(all[9]?.message).toBe('(combined from similar events): message 9');
    expect(all[10]?.key).toBe(all[9]?.key);
  });

  it('stops combining after ten quiet minutes', async () => {
    const clock = new ManualClock();
    const correlator = new EventCorrelator(clock);
    for (let index = 0; index < 12; index += 1) correlator.correlate(occurrence(`message ${index}`));

    await clock.advance(600_001);

    expect(correlator.correlate(occurrence('later'))?.message).toBe('later');
  });

  it('lets an object have 25 events at once and then one every five minutes, without harm to others', async () => {
    const clock = new ManualClock();
    const correlator = new EventCorrelator(clock);

    const passed = Array.from({ length: 40 }, () => correlator.correlate(occurrence('x'))).filter(Boolean);
    expect(passed).toHaveLength(25);
    expect(correlator.correlate(occurrence('x', 'b'))).toBeDefined();
    await clock.advance(300_000);

    expect(correlator.correlate(occurrence('x'))).toBeDefined();
    expect(correlator.correlate(occurrence('x'))).toBeUndefined();
  });
});
