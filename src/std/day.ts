/** Milliseconds of a day in UTC. */
export const dayMs = 86_400_000;

/**
 * ISO 8601 of milliseconds since 1970: the day alone where the time is midnight UTC.
 * @throws RangeError outside of the years that a Date can hold
 */
export function dayOrTime(ms: number): string {
  const text = new Date(ms).toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, text.indexOf('T')) : text;
}
