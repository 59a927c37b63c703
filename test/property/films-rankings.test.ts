import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { nativeVariants, openNative } from '../../src/adapters/native/open-native.ts';
import { openTfjsReranker } from '../../src/adapters/tfjs/open-tfjs-reranker.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { rescore } from '../../src/domain/rescore.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import type { RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import { filmDocuments, filmsAvailable, filmsSchema } from '../support/films.ts';
import { Random } from '../support/random.ts';
import {
  batchOf,
  params,
  randomPreferences,
  randomWeights,
  request,
  type ScoreCase,
  windowOf,
} from '../support/score-cases.ts';

const films = 2_512;
const windowSize = 500;
const perBatch = 16;
const formulas = ['linear', 'multiplicative', 'rrf'] as const;

/** Every film as the query of a request with everything in it, over 500 of them, the top 100. */
function caseOf(table: TableSnapshot, film: number): ScoreCase {
  const random = new Random(`film ${film}`);
  const rows = random.shuffle(Array.from({ length: films }, (_, row) => row)).slice(0, windowSize);
  const column = () => rows.map(() => (random.next() < 0.3 ? 0 : random.next()));
  const formula = formulas[film % 3]!;
  return {
    window: windowOf(rows, { lexical: column(), graph: column(), fused: column(), rules: rows.map(() => 0) }),
    request: request({
      queryVector: vectorOf(table.vectors, film),
      tasteVector: vectorOf(table.vectors, random.integer(films)),
      preferences: { ...randomPreferences(random, table), facetWeights: new Map() },
      mask: compileMask(
        [{ kind: 'not', of: { kind: 'ids', ids: rows.slice(0, 50).map((row) => table.idOf(row)) } }],
        table,
      ),
      params: params({ formula, weights: randomWeights(random, formula), rankDepth: 100 }),
    }),
  };
}

/** One word per film for the ranked list that a backend leads to: rows, score bits and what each rule dropped. */
async function listsOf(
  reranker: Reranker,
  batch: RerankBatch,
  cases: readonly ScoreCase[],
): Promise<string[]> {
  const { selected, dropped } = await reranker.rerank(batch);
  return cases.map(({ request: one, window }, i) => {
    const { positions, scores } = rescore(batch, one, window, selected[i]!);
    const rows = positions.map((position) => window.rows[position]!);
    const hash = createHash('sha256');
    for (const column of [rows, scores, dropped[i]!]) hash.update(column);
    return `${rows.length} ${hash.digest('hex')}`;
  });
}

/** Every backend of this machine but `js`, and those that are missing with the reason. */
async function otherBackends(): Promise<
  { name: string; reranker: Reranker | null; reason: string | null }[]
> {
  const native = nativeVariants
    .filter((variant) => variant !== 'auto')
    .map((variant) => {
      const opened = openNative({ variant });
      return 'reason' in opened
        ? { name: `native ${variant}`, reranker: null, reason: opened.reason }
        : { name: `native ${variant}`, reranker: opened.reranker, reason: null };
    });
  const kinds = ['tfjs-wasm', 'tfjs-node'] as const;
  const tfjs = kinds.map(async (name) => ({ name, ...(await openTfjsReranker(name)) }));
  return [...native, ...(await Promise.all(tfjs))];
}

describe.skipIf(!filmsAvailable())('2,512 films, each as the query', async () => {
  const backends = filmsAvailable() ? await otherBackends() : [];
  const batches: { batch: RerankBatch; cases: readonly ScoreCase[]; lists: readonly string[] }[] = [];
  afterAll(async () => {
    for (const { reranker } of backends) await reranker?.close?.();
  });

  beforeAll(async () => {
    const resident = new ResidentTable(filmsSchema().schema, 1);
    resident.apply(
      filmDocuments().map((document) => ({
        kind: 'put',
        document: { ...document, version: 1, embedding: document.embedding! },
      })),
    );
    const table = resident.publish();
    expect(table.rowCount).toBe(films);
    const js = new JsReranker();
    for (let first = 0; first < films; first += perBatch) {
      const cases = Array.from({ length: Math.min(perBatch, films - first) }, (_, i) =>
        caseOf(table, first + i),
      );
      const batch = batchOf(table, cases);
      batches.push({ batch, cases, lists: await listsOf(js, batch, cases) });
    }
  }, 300_000);

  for (const { name, reranker, reason } of backends)
    it(`have the same 2,512 lists on ${name} as on js`, async (context) => {
      if (reranker === null) return context.skip(reason!);
      for (const { batch, cases, lists } of batches)
        expect(await listsOf(reranker, batch, cases)).toEqual(lists);
    }, 300_000);
});
