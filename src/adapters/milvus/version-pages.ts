import type { IndexedVersion } from '../../ports/shared-index.ts';
import { LruMap } from '../../std/lru-map.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';

/** A row as it was read: its key and what is listed of it. */
export interface VersionRow extends IndexedVersion {
  readonly pk: string;
}

/** Ids after `above` (null: from the first) up to and with `upTo` (null: to the last). */
export interface IdRange {
  readonly above: string | null;
  readonly upTo: string | null;
}

/** Rows of a range with keys after `afterPk`, by key, at most `limit`. */
export type ReadRows = (range: IdRange, afterPk: string, limit: number) => Promise<readonly VersionRow[]>;

export interface PagesBounds {
  /** Rows of one read; a range of more than twice as many is divided for the next time. */
  readonly pageRows: number;
  /** Lists whose ranges are remembered. */
  readonly listsMax: number;
}

/**
 * Lists rows by id on a store that orders by key alone: reads all of a range of ids, in pages by key. A range that turns
 * out to be large is divided for the next time, so that going through a long list page by page does not read all of it for
 * every page.
 */
export class VersionPages {
  readonly #bounds: PagesBounds;
  /** Ends of the ranges that a list was divided into, in order. */
  readonly #ends: LruMap<readonly string[]>;

  constructor(bounds: PagesBounds) {
    this.#bounds = bounds;
    this.#ends = new LruMap(bounds.listsMax);
  }

  /** @param list what is listed: its ranges are remembered under this name */
  async list(
    list: string,
    afterId: string | null,
    limit: number,
    read: ReadRows,
  ): Promise<readonly IndexedVersion[]> {
    const found: IndexedVersion[] = [];
    let above = afterId;
    while (found.length < limit) {
      const upTo = this.#endAfter(list, above);
      const rows = await this.#allOf({ above, upTo }, read);
      this.#divide(list, rows);
      for (const { id, version } of rows) found.push({ id, version });
      if (upTo === null) break;
      above = upTo;
    }
    return found.slice(0, limit);
  }

  async #allOf(range: IdRange, read: ReadRows): Promise<VersionRow[]> {
    const rows: VersionRow[] = [];
    const { pageRows } = this.#bounds;
    for (let after = ''; ; ) {
      const page = await read(range, after, pageRows);
      rows.push(...page);
      if (page.length < pageRows) break;
      after = page.reduce((last, { pk }) => (pk > last ? pk : last), after);
    }
    return rows.sort((a, b) => compareUtf8(a.id, b.id));
  }

  #endAfter(list: string, above: string | null): string | null {
    const ends = this.#ends.get(list) ?? [];
    return ends.find((end) => above === null || compareUtf8(end, above) > 0) ?? null;
  }

  #divide(list: string, rows: readonly VersionRow[]): void {
    const { pageRows } = this.#bounds;
    if (rows.length <= 2 * pageRows) return;
    const ends = new Set(this.#ends.get(list));
    for (let at = pageRows; at < rows.length - 1; at += pageRows) ends.add(rows[at]!.id);
    this.#ends.set(list, [...ends].sort(compareUtf8));
  }
}
