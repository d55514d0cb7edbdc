type QueryValue = string | number | boolean | undefined;

/** `?a=1&b=x` of the values that are set; false and undefined are left out, as the API's defaults are all false. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== false) query.append(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** A selector as its text form: `{ app: 'x', tier: 'y' }` is `app=x,tier=y`. Text passes as it is. */
export function selectorText(selector: string | Readonly<Record<string, string>>): string {
  if (typeof selector === 'string') return selector;
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
