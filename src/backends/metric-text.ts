/**
 * The value of the first sample whose name matches, in Prometheus' text format; `undefined` when there is none or its
 * value is no finite number from 0 on. Labels are ignored: the engines here print one series per name.
 */
export function metricValue(exposition: string, name: RegExp): number | undefined {
  for (const line of exposition.split('\n')) {
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[^}]*\})?\s+(\S+)/.exec(line);
    if (match?.[1] !== undefined && name.test(match[1])) {
      const value = Number(match[2]);
      return Number.isFinite(value) && value >= 0 ? value : undefined;
    }
  }
  return undefined;
}
