import type { CatalogueSchema } from './catalogue-schema.ts';
import type { Epoch } from './epoch.ts';
import type { FacetDictionary } from './facet-dictionary.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import type { VectorRows } from './vector-rows.ts';

/** What an epoch is made with. */
export type EpochColumns = Omit<TableSnapshot, 'rowOf' | 'idOf' | 'titleOf' | 'resident'> & {
  readonly ids: readonly string[];
  readonly titles: readonly string[];
  /** Rows in use that hold a vector; those behind them do not. */
  readonly vectorRowCount: number;
};

/** One epoch of a resident table, as its readers hold it and as the table follows it until they are gone. */
export class EpochSnapshot implements TableSnapshot {
  readonly epoch!: Epoch;
  readonly schema!: CatalogueSchema;
  readonly dimension!: number;
  readonly rowCount!: number;
  readonly liveCount!: number;
  readonly live!: Uint8Array;
  readonly changed!: Uint32Array;
  readonly changedSince!: Epoch | null;
  readonly retain!: () => () => void;
  readonly vectors!: VectorRows;
  readonly tieRanks!: Uint32Array;
  readonly popularity!: Float32Array;
  readonly recencyMs!: Float64Array;
  readonly newestMs!: number;
  readonly facetStarts!: Uint32Array;
  readonly facetCounts!: Uint32Array;
  readonly facetValues!: Uint32Array;
  readonly dictionary!: FacetDictionary;
  readonly fields!: readonly Float64Array[];
  readonly versions!: Float64Array;
  readonly ids!: readonly string[];
  readonly titles!: readonly string[];
  readonly resident: TableSnapshot;
  /** Rows of the newest epoch; `before` of this epoch and of those after it undo its changes. */
  readonly rows: ReadonlyMap<string, number>;
  /** For ids that the next epoch changed: their row here, -1 = none. */
  readonly before = new Map<string, number>();
  /** Rows that are live here and not in the next epoch. */
  readonly retired: number[] = [];
  next: EpochSnapshot | null = null;
  holders = 0;

  constructor(rows: ReadonlyMap<string, number>, { vectorRowCount, ...columns }: EpochColumns) {
    this.rows = rows;
    Object.assign(this, columns);
    this.resident = vectorRowCount >= this.rowCount ? this : residentPart(this, vectorRowCount);
  }

  rowOf(id: string): number {
    for (let epoch: EpochSnapshot | null = this; epoch?.next; epoch = epoch.next) {
      const row = epoch.before.get(id);
      if (row !== undefined) return row;
    }
    return this.rows.get(id) ?? -1;
  }

  idOf(row: number): string {
    return this.ids[row]!;
  }

  titleOf(row: number): string {
    return this.titles[row]!;
  }
}

/** The same epoch as far as its rows hold vectors. */
function residentPart(snapshot: EpochSnapshot, rowCount: number): TableSnapshot {
  let liveCount = 0;
  for (let row = 0; row < rowCount; row++) liveCount += snapshot.live[row]!;
  const changed = snapshot.changed.filter((row) => row < rowCount);
  const part: TableSnapshot = Object.create(snapshot);
  return Object.assign(part, { rowCount, liveCount, changed, resident: part });
}
