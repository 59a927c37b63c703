/** The rows of the Markdown table that follows the heading row with these columns, cells without backticks. */
export function tableRows(markdown: string, columns: readonly string[]): string[][] {
  const lines = markdown.split('\n');
  const cellsOf = (line: string): string[] =>
    line
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1'));
  const start = lines.findIndex(
    (line) => line.startsWith('|') && cellsOf(line).join('|') === columns.join('|'),
  );
  if (start < 0) return [];
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end < 0 ? rest.length : end).map(cellsOf);
}

/** What two lists of rows do not share, from both sides. */
export function differences(documented: readonly string[][], real: readonly string[][]): string[] {
  const [docs, code] = [documented, real].map((rows) => new Set(rows.map((row) => row.join(' | '))));
  return [
    ...[...code!].filter((row) => !docs!.has(row)).map((row) => `not in the docs: ${row}`),
    ...[...docs!].filter((row) => !code!.has(row)).map((row) => `only in the docs: ${row}`),
  ];
}

/**
 * Layers of src (`src/wire`) and adapters (`src/adapters/flat`) that ARCHITECTURE.md names neither with their path nor,
 * in backticks, by their last part. How a layer is divided inside is its own business.
 */
export function unnamedFolders(architecture: string, paths: readonly string[]): string[] {
  const folders = new Set(
    paths.flatMap((path) => {
      const [src, layer, part, ...rest] = path.split('/');
      if (part === undefined) return [];
      const own = `${src}/${layer}`;
      return layer === 'adapters' && rest.length > 0 ? [own, `${own}/${part}`] : [own];
    }),
  );
  return [...folders].filter((folder) => {
    const last = folder.split('/').at(-1);
    return ![folder, `\`${last}\``, `\`${last}/\``].some((text) => architecture.includes(text));
  });
}

/** Words of the glossary that no file of src is named after, by whole kebab-case word or its plural. */
export function wordsWithoutFile(words: readonly string[], paths: readonly string[]): string[] {
  const stems = paths.map((path) => `-${(path.split('/').at(-1) ?? '').replace(/\.ts$/, '')}-`);
  return words.filter((word) => !stems.some((stem) => stem.includes(`-${word}-`)));
}
