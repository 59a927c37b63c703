import { type CalibrationCell, calibrationBatches, calibrationWindows } from '../domain/calibration.ts';
import { builtInProfiles } from '../domain/profile.ts';
import type { RerankParams } from '../domain/rerank-batch.ts';
import { signalNames } from '../domain/signal.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { RerankBatch } from '../ports/reranker.ts';
import { dayMs } from '../std/day.ts';

/** Numbers that look random and are the same in every run. */
class Sequence {
  #state = 0x9e3779b9;

  /** 0 <= x < 1 (xorshift32) */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }
}

const requestsMax = Math.max(...calibrationBatches);
const rowsMax = Math.max(...calibrationWindows) * requestsMax;

/**
 * Batches to measure with: every request as a plain search sends it (linear profile, a query vector, words and graph for
 * all candidates, no rules), over random documents of the table. Making one takes far less than scoring it.
 */
export class CalibrationBatches {
  readonly #table: TableSnapshot;
  readonly #live: Uint32Array;
  readonly #vectors: readonly Float32Array[];
  readonly #params: RerankParams;
  readonly #signal = new Float32Array(rowsMax);
  readonly #absent = new Float32Array(rowsMax).fill(Number.NaN);
  readonly #sequence = new Sequence();

  /** @param table with at least one document */
  constructor(table: TableSnapshot) {
    this.#table = table;
    this.#live = liveRows(table);
    this.#vectors = Array.from({ length: requestsMax }, () => this.#unitVector());
    this.#params = linearParams(table);
    for (let i = 0; i < rowsMax; i++) this.#signal[i] = this.#sequence.next();
  }

  /** A batch of the cell's size over rows drawn anew. */
  next({ rows, requests }: CalibrationCell): RerankBatch {
    const total = rows * requests;
    return {
      table: this.#table,
      transient: null,
      requests: this.#vectors.slice(0, requests).map((queryVector) => ({
        queryVector,
        tasteVector: null,
        preferences: null,
        mask: null,
        params: this.#params,
      })),
      offsets: Uint32Array.from({ length: requests + 1 }, (_, i) => i * rows),
      rows: this.#randomRows(total),
      lexical: this.#signal.subarray(0, total),
      graph: this.#signal.subarray(0, total),
      fused: this.#absent.subarray(0, total),
      rules: this.#absent.subarray(0, total),
    };
  }

  #randomRows(count: number): Uint32Array {
    const live = this.#live;
    const rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) rows[i] = live[Math.floor(this.#sequence.next() * live.length)]!;
    return rows;
  }

  #unitVector(): Float32Array {
    const values = new Float64Array(this.#table.dimension);
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      values[i] = this.#sequence.next() - 0.5;
      squares += values[i]! ** 2;
    }
    return Float32Array.from(values, (value) => value / Math.sqrt(squares));
  }
}

function liveRows({ live, liveCount, rowCount }: TableSnapshot): Uint32Array {
  const rows = new Uint32Array(liveCount);
  for (let row = 0, count = 0; row < rowCount; row++) if (live[row] === 1) rows[count++] = row;
  return rows;
}

function linearParams({ schema, newestMs }: TableSnapshot): RerankParams {
  const profile = builtInProfiles.find(({ name }) => name === 'linear')!;
  return {
    formula: profile.formula,
    weights: Float64Array.from(signalNames, (name) => profile.weights[name]),
    lo: schema.embedding.lo,
    hi: schema.embedding.hi,
    referenceMs: newestMs,
    halfLifeMs: profile.recencyHalfLifeDays * dayMs,
    productMin: profile.productClamp.min,
    productMax: profile.productClamp.max,
    rankDepth: profile.rankDepth,
  };
}
