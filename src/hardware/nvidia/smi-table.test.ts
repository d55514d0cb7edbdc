import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { parseSmiTable } from './smi-table.ts';

const FIELDS = ['index', 'temperature.gpu', 'power.draw', 'name'];
const HEADER = 'index, temperature.gpu, power.draw [W], name\n';
const GOOD = '0, 41, 69.85, NVIDIA H100\n';

describe('parseSmiTable', () => {
  it('reads the captured table by the fields of its header', () => {
    const text = h100Capture('busy-query.csv');
    const fields = (text.split('\n', 1)[0] ?? '').split(', ').map((title) => title.replace(/ \[.*/, ''));

    const { rows, rejected, headerFound } = parseSmiTable(text, fields);

    expect(headerFound).toBe(true);
    expect(rejected).toEqual([]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.get('memory.used')).toBe('1011 MiB');
    expect(rows[0]?.get('display_active')).toBe('Disabled');
  });

  it('accepts CRLF line endings', () => {
    const { rows } = parseSmiTable((HEADER + GOOD).replaceAll('\n', '\r\n'), FIELDS);

    expect(Object.fromEntries(rows[0] ?? [])).toEqual({
      index: '0',
      'temperature.gpu': '41',
      'power.draw': '69.85',
      name: 'NVIDIA H100',
    });
  });

  it('keeps a comma in the last field, the name', () => {
    const { rows } = parseSmiTable(`${HEADER}0, 41, 69.85, NVIDIA Quadro, special edition\n`, FIELDS);

    expect(rows[0]?.get('name')).toBe('NVIDIA Quadro, special edition');
  });

  it('rejects a row that is too wide when its last field is no name', () => {
    const { rows, rejected } = parseSmiTable('index, power.draw\n0, 39, 32\n1, 40.00\n', ['index', 'power.draw']);

    expect(rows.map((row) => row.get('index'))).toEqual(['1']);
    expect(rejected).toEqual(['0, 39, 32']);
  });

  it('rejects a last line that was cut off, wherever it was cut', () => {
    const second = '1, 42, 70.00, NVIDIA H100 80GB';
    for (let length = 1; length <= second.length; length += 1) {
      const { rows, rejected } = parseSmiTable(HEADER + GOOD + second.slice(0, length), FIELDS);

      expect(rows.map((row) => row.get('index'))).toEqual(['0']);
      expect(rejected).toHaveLength(1);
    }
  });

  it.each([
    ['one column too many', `index, temperature.gpu, extra, power.draw [W], name\n${GOOD}`],
    ['one column too few', `index, temperature.gpu, name\n${GOOD}`],
    ['another order', `index, power.draw [W], temperature.gpu, name\n${GOOD}`],
    ['no header', GOOD],
    ['prose', 'NVIDIA-SMI has failed because it could not, at all, communicate\n'],
    ['nothing', ''],
  ])('reads no row under a header with %s', (_, text) => {
    expect(parseSmiTable(text, FIELDS)).toMatchObject({ rows: [], headerFound: false });
  });

  it('finds the header below a warning, and keeps warnings apart', () => {
    const warning = 'WARNING: infoROM is corrupted at gpu 0000:00:06.0';

    const { rows, rejected } = parseSmiTable(`${warning}\n${HEADER}${GOOD}${warning}\n`, FIELDS);

    expect(rows).toHaveLength(1);
    expect(rejected).toEqual([warning, warning]);
  });

  it('never throws, and every row has every field, on arbitrary text below a header', () => {
    const line = fc.oneof(
      fc.string(),
      fc.array(fc.string(), { maxLength: 6 }).map((cells) => cells.join(', ')),
    );
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), (lines, ending) => {
        const { rows } = parseSmiTable(HEADER + lines.join(ending), FIELDS);

        for (const row of rows) expect([...row.keys()]).toEqual(FIELDS);
      }),
    );
  });
});
