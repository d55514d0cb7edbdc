import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenLedger } from './token-ledger.ts';

describe('the token ledger', () => {
  it('adds up what answers report', () => {
    const ledger = new TokenLedger();

    ledger.add(3);
    ledger.add(4);

    expect(ledger.total).toBe(7);
  });

  it('never falls: what was counted too much is worked off', () => {
    const ledger = new TokenLedger();
    ledger.add(10);

    ledger.add(-3);
    const corrected = ledger.total;
    ledger.add(2);
    const workedOff = ledger.total;
    ledger.add(2);

    expect([corrected, workedOff, ledger.total]).toEqual([10, 10, 11]);
  });

  it('does not count what the engine made before it was first asked', () => {
    const ledger = new TokenLedger();
    ledger.add(5);

    ledger.engineSample(1_000, true);

    expect(ledger.total).toBe(5);
  });

  it('learns from a resting engine what answers did not tell', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(100, true);
    ledger.add(5);

    ledger.engineSample(112, true);

    expect(ledger.total).toBe(12);
  });

  it('shows the progress of an engine that counts while it works, once', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(0, true);

    ledger.engineSample(40, false);
    const during = ledger.total;
    ledger.add(50);
    ledger.engineSample(50, true);

    expect([during, ledger.total]).toEqual([40, 50]);
  });

  it('is not held back by an engine that counts only at the end of a request', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(0, true);

    ledger.add(30);
    ledger.engineSample(0, false);

    expect(ledger.total).toBe(30);
  });

  it('is not held back by tokens made past the gate', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(0, true);
    ledger.engineSample(640, true);

    ledger.add(10);

    expect(ledger.total).toBe(650);
  });

  it('goes on when the engine starts again', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(500, true);
    ledger.add(20);
    ledger.engineSample(520, true);

    ledger.engineSample(7, true);

    expect(ledger.total).toBe(27);
  });

  it('keeps what was answered by an engine that was killed before it could be asked', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(500, true);
    ledger.add(20);

    ledger.engineSample(0, true);
    const after = ledger.total;
    ledger.add(5);
    ledger.engineSample(5, true);

    expect([after, ledger.total]).toEqual([20, 25]);
  });

  it('counts once what the engine counts a moment after the answer is out', () => {
    const ledger = new TokenLedger();
    ledger.engineSample(0, true);
    ledger.add(12);

    ledger.engineSample(0, true);
    ledger.engineSample(12, true);

    expect(ledger.total).toBe(12);
  });

  it.each([undefined, Number.NaN, -5, Number.POSITIVE_INFINITY])('takes a counter of %s for no news', (value) => {
    const ledger = new TokenLedger();
    ledger.engineSample(100, true);

    ledger.engineSample(value, true);
    ledger.engineSample(110, true);

    expect(ledger.total).toBe(10);
  });

  it('never falls, and ends at the truth whenever the engine rests', () => {
    const request = fc.record({
      tokens: fc.nat(500),
      told: fc.nat(500),
      polls: fc.array(fc.nat(100), { maxLength: 4 }),
      /** The engine is asked before it has counted what it answered. */
      lags: fc.boolean(),
    });

    fc.assert(
      fc.property(fc.array(request), fc.boolean(), (requests, countsWhileWorking) => {
        const ledger = new TokenLedger();
        let made = 0;
        let highest = 0;
        ledger.engineSample(0, true);
        for (const { tokens, told, polls, lags } of requests) {
          for (const percent of [...polls].sort((a, b) => a - b)) {
            ledger.engineSample(countsWhileWorking ? made + Math.floor((tokens * percent) / 100) : made, false);
            expect(ledger.total).toBeGreaterThanOrEqual(highest);
            highest = ledger.total;
          }
          ledger.add(Math.min(told, tokens));
          if (lags && !countsWhileWorking) ledger.engineSample(made, true);
          made += tokens;
          ledger.engineSample(made, true);
          expect(ledger.total).toBeGreaterThanOrEqual(highest);
          highest = ledger.total;
          expect(ledger.total).toBe(made);
        }
      }),
    );
  });
});
