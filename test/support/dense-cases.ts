import type { ProfileFormula } from '../../src/domain/profile.ts';
import { type SignalName, signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { RerankBatch } from '../../src/ports/reranker.ts';
import type { Random } from './random.ts';
import { params, request, type ScoreCase, weightsOf, windowOf } from './score-cases.ts';
import { makeTable, mapVectors, type TableRow } from './table.ts';

/** Far more rows than the margin lie within 1e-4 of the cut at R, but only a handful within a backend's 2e-6. */
const spacing = 1e-6;
const count = 400;
const halfLifeMs = 1e11;

export interface DenseCase extends ScoreCase {
  readonly name: string;
  readonly signal: SignalName;
  readonly table: TableSnapshot;
}

/**
 * Windows in which one signal alone decides, with scores `spacing` apart: a backend that gets that signal wrong by
 * 1e-4 loses rows that belong into the top R.
 */
export function denseCases(random: Random): DenseCase[] {
  const linear = signalNames.map((signal) =>
    denseCase(random, signal, signal === 'fused' ? 'rrf' : 'linear'),
  );
  return [
    ...linear,
    denseCase(random, 'similarity', 'multiplicative'),
    denseCase(random, 'preference', 'multiplicative'),
    denseCase(random, 'rules', 'multiplicative'),
  ];
}

function denseCase(random: Random, signal: SignalName, formula: ProfileFormula): DenseCase {
  const multiplies = formula === 'multiplicative';
  const values = random.shuffle(Array.from({ length: count }, (_, i) => 0.5 + i * spacing));
  // An even similarity where the product of preferences decides, or the rules.
  const cosines = multiplies && signal !== 'similarity' ? values.map(() => 1) : values;
  const rows = values.map(
    (value, i): TableRow => ({
      id: `d${i}`,
      vector: [cosines[i]!, Math.sqrt(1 - cosines[i]! ** 2)],
      popularity: value,
      recencyMs: Math.log2(value) * halfLifeMs,
      facets: { tags: [`v${i}`] },
    }),
  );
  const table = makeTable(2, rows);
  const axis = Float32Array.of(1, 0);
  // Rules take scores below 0.
  const columns = { lexical: values, graph: values, fused: values, rules: values.map((x) => x - 0.7) };
  const preferences = {
    values: new Map(values.map((value, i) => [table.dictionary.codeOf('tags', `v${i}`), value - 0.4])),
    facetWeights: new Map<string, number>(),
  };
  return {
    name: `${formula} ${signal}`,
    signal,
    table,
    window: windowOf(
      values.map((_, row) => row),
      columns,
    ),
    request: request({
      queryVector: axis,
      tasteVector: axis,
      preferences: multiplies && signal !== 'preference' ? null : preferences,
      params: params({
        formula,
        weights: weightsOf({
          [multiplies ? 'similarity' : signal]: 1,
          ...(signal === 'rules' ? { rules: 1 } : {}),
        }),
        referenceMs: 0,
        halfLifeMs,
      }),
    }),
  };
}

/** The batch as a faulty backend would see it: the signal of every row is off by +by or -by, whichever its hash says. */
export function perturbed(batch: RerankBatch, signal: SignalName, by: number): RerankBatch {
  const { table } = batch;
  const off = (row: number): number => ((Math.imul(row + 1, 0x9e3779b1) >>> 16) & 1 ? by : -by);
  const column = (values: Float32Array): Float32Array =>
    values.map((value, position) => value + off(batch.rows[position]!));
  switch (signal) {
    case 'similarity':
    case 'taste':
      return {
        ...batch,
        // Queries of dense tables are along the first dimension.
        table: { ...table, vectors: mapVectors(table.vectors, (x, i, row) => (i === 0 ? x + off(row) : x)) },
      };
    case 'lexical':
    case 'graph':
    case 'fused':
    case 'rules':
      return { ...batch, [signal]: column(batch[signal]) };
    case 'popularity':
      return { ...batch, table: { ...table, popularity: table.popularity.map((x, row) => x + off(row)) } };
    case 'recency':
      return {
        ...batch,
        table: {
          ...table,
          recencyMs: table.recencyMs.map(
            (ms, row) => Math.log2(2 ** (ms / halfLifeMs) + off(row)) * halfLifeMs,
          ),
        },
      };
    case 'preference':
      return {
        ...batch,
        requests: batch.requests.map((one) => ({
          ...one,
          preferences: one.preferences && {
            ...one.preferences,
            values: new Map([...one.preferences.values].map(([code, value]) => [code, value + off(code)])),
          },
        })),
      };
  }
}
