/** Milliseconds as people read them: 0.42 ms, 3.4 ms, 32 ms, 1.5 s. */
export function msText(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toLocaleString('en', { maximumFractionDigits: 1 })} s`;
  if (ms < 0.005) return '0 ms';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** A score or contribution with its sign where it is less than 0. */
export function scoreText(value: number): string {
  return value.toFixed(3).replace('-', '−');
}

/** `us_gross` -> `us gross`, `maxRating` -> `max rating`. */
export function nameText(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, (_match, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

/** The same with a capital letter in front. */
export function titleText(name: string): string {
  const text = nameText(name);
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A field's value by its type in the schema: numbers grouped, except those that look like a year; dates as days. */
export function valueText(value: unknown, type?: string): string {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 1000 && value < 2200) return String(value);
    return value >= 1e6 ? compact.format(value) : value.toLocaleString('en', { maximumFractionDigits: 2 });
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (type === 'date' && typeof value === 'string') return value.slice(0, 10);
  if (Array.isArray(value)) return value.join(', ');
  return value === null || value === undefined ? 'none' : String(value);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(items: readonly string[], word = 'and'): string {
  if (items.length <= 1) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}
