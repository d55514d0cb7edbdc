import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvents, type StreamEvent } from './event-stream.ts';

async function eventsOf(chunks: readonly Uint8Array[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEvents(chunksOf(chunks))) {
    events.push(event);
  }
  return events;
}

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Cuts at the given places, which may lie inside a character. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.subarray(at[index] ?? 0, end));
}

describe('readEvents', () => {
  it('reads the same events however the bytes are cut, also inside a character', async () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (values, newline, places) => {
          const body = bytes(values.map((text) => `data: ${text}${newline}${newline}`).join(''));

          const events = await eventsOf(cut(body, places));

          expect(events).toEqual(values.map((text) => ({ field: 'data', value: text })));
        },
      ),
    );
  });

  it('joins several data lines of one event and removes one space only', async () => {
    const events = await eventsOf([bytes('data:a\ndata:  b\ndata\n\n')]);

    expect(events).toEqual([{ field: 'data', value: 'a\n b\n' }]);
  });

  it('skips comments, which servers send to keep a connection open, and fields it does not know', async () => {
    const events = await eventsOf([bytes(': ping\n\nid: 7\nevent: x\nretry: 1\ndata: y\n\n:\n\n')]);

    expect(events).toEqual([{ field: 'data', value: 'y' }]);
  });

  it('keeps the field of errors that older servers send under their own name', async () => {
    const events = await eventsOf([bytes('error: {"code":500}\n\n')]);

    expect(events).toEqual([{ field: 'error', value: '{"code":500}' }]);
  });

  it('drops an event that was cut off before its blank line', async () => {
    const events = await eventsOf([bytes('data: whole\n\ndata: half\n')]);

    expect(events).toEqual([{ field: 'data', value: 'whole' }]);
  });

  it('refuses an event without end instead of filling the memory', async () => {
    const endless = Array.from({ length: 10 }, () => bytes('x'.repeat(1024 * 1024)));

    await expect(eventsOf(endless)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});
