export type TableRow = Readonly<Record<string, number | string>>;

export interface TableColumn {
  readonly key: string;
  /** Default: the key. */
  readonly title?: string;
  /** Written after each number. */
  readonly unit?: string;
}

/** Rows as aligned text under their titles: numbers to the right, text to the left; a missing member is blank. */
export function tableLines(
  rows: readonly TableRow[],
  columns: readonly TableColumn[] = columnsOf(rows),
): string[] {
  const cells = rows.map((row) =>
    columns.map(({ key, unit }) => {
      const value = row[key];
      return value === undefined ? '' : `${value}${unit === undefined ? '' : ` ${unit}`}`;
    }),
  );
  const table = [columns.map(({ key, title }) => title ?? key), ...cells];
  const widths = columns.map((_, at) => Math.max(...table.map((line) => line[at]!.length)));
  const right = columns.map(({ key }) => rows.every((row) => typeof (row[key] ?? 0) === 'number'));
  return table.map((line) =>
    line
      .map((cell, at) => (right[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** Every member that a row has, in the order in which they are met first. */
function columnsOf(rows: readonly TableRow[]): TableColumn[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))].map((key) => ({ key }));
}
