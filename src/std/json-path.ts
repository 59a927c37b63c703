/** A JSON path such as `filter.and[0].facet`; `$` stands for the whole. */
export function jsonPath(parts: readonly PropertyKey[], root = ''): string {
  let path = root;
  for (const part of parts) path += step(part, path === '');
  return path === '' ? '$' : path;
}

function step(part: PropertyKey, first: boolean): string {
  if (typeof part === 'number') return `[${part}]`;
  const name = String(part);
  // Long or odd names are client text: quote them, and keep the path readable.
  if (!/^[A-Za-z_][\w-]{0,63}$/.test(name)) return `[${JSON.stringify(name.slice(0, 64))}]`;
  return first ? name : `.${name}`;
}
