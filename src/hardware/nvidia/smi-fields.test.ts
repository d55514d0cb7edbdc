import { describe, expect, it } from 'vitest';
import { h100Capture } from '../testing/captures.ts';
import { DESCRIBE_FIELDS, FieldChoice, HEALTH_FIELDS, READING_FIELDS } from './smi-fields.ts';

describe('the fields asked for', () => {
  it('are all known to the captured driver, older names included', () => {
    const listed = new Set(
      [...h100Capture('smi-help-query.txt').matchAll(/"([^"\s]+)"/g)].flatMap((match) => match[1] ?? []),
    );

    for (const field of [...DESCRIBE_FIELDS, ...HEALTH_FIELDS, ...READING_FIELDS]) {
      for (const name of field.names) expect(listed).toContain(name);
    }
  });

  it('end with the name, where a comma does no harm', () => {
    expect(DESCRIBE_FIELDS.at(-1)?.key).toBe('name');
  });
});

describe('FieldChoice', () => {
  const names = (choice: FieldChoice): readonly string[] => choice.choose(READING_FIELDS).map((each) => each.name);

  it('tries the older name after the newer one, then does without', () => {
    const choice = new FieldChoice();

    expect(choice.refuse(READING_FIELDS, 'clocks_event_reasons.active')).toBe(true);
    expect(names(choice)).toContain('clocks_throttle_reasons.active');
    expect(choice.refuse(READING_FIELDS, 'clocks_throttle_reasons.active')).toBe(true);
    expect(names(choice).some((name) => name.startsWith('clocks_'))).toBe(false);
  });

  it('keeps the key of a field whatever name it is asked by', () => {
    const choice = new FieldChoice();
    choice.refuse(READING_FIELDS, 'clocks.current.sm');

    expect(choice.choose(READING_FIELDS)).toContainEqual({ key: 'clocks.current.sm', name: 'clocks.sm' });
  });

  it('gives up on a refused field that nothing replaces, on one nobody asked for, and on a repeated refusal', () => {
    const choice = new FieldChoice();

    expect(choice.refuse(READING_FIELDS, 'temperature.gpu')).toBe(false);
    expect(choice.refuse(READING_FIELDS, 'something.else')).toBe(false);
    expect(choice.refuse(DESCRIBE_FIELDS, 'compute_cap')).toBe(true);
    expect(choice.refuse(DESCRIBE_FIELDS, 'compute_cap')).toBe(false);
  });
});
