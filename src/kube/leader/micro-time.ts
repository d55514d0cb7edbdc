/** RFC 3339 with microseconds: the API server refuses the times of a Lease with fewer digits. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/Z$/, '000Z');
}
