import { vectorFromBase64, vectorToBase64 } from '../../src/std/vector-base64.ts';
import { parseJsonBytes } from '../../src/wire/json.ts';
import { randomUnit } from './block.ts';
import type { Goal } from './goal.ts';
import type { HotPaces } from './hot.ts';
import { type RerankBenchContext, type Section, timing } from './section.ts';
import { race } from './stopwatch.ts';
import { benchTable } from './table.ts';

/**
 * G11: what a re-rank request costs to read, with ids of resident rows and a query in base64, beside one that brings an
 * embedding of each candidate as JSON numbers. There is no such route yet: the bodies are parsed by the service's own
 * reader, ids looked up in the table, vectors made typed arrays.
 */
export async function wireCost(context: RerankBenchContext, hotPaces: HotPaces): Promise<Section> {
  const full = context.size === 'full';
  const { next, dimension } = context;
  const some = full ? 300 : 30;
  const many = full ? 1_000 : 100;
  const table = benchTable({ rows: many, dimension, facetIds: 1, next });
  const rowOf = new Map(Array.from({ length: many }, (_, row) => [table.idOf(row), row]));
  const idsBody = (count: number): Buffer =>
    Buffer.from(
      JSON.stringify({
        query: { b64: vectorToBase64(randomUnit(dimension, next)) },
        ids: Array.from({ length: count }, (_, row) => table.idOf(row)),
      }),
    );
  const embeddingsBody = Buffer.from(
    JSON.stringify({
      query: Array.from(randomUnit(dimension, next)),
      documents: Array.from({ length: some }, (_, row) => ({
        id: table.idOf(row),
        embedding: Array.from(randomUnit(dimension, next)),
      })),
    }),
  );
  const idsOfSome = idsBody(some);
  const idsOfMany = idsBody(many);
  const scores = Float32Array.from({ length: many }, () => next());
  const paces = await race(
    [
      { name: 'ids and base64', call: () => parseIds(idsOfSome, rowOf) },
      { name: 'JSON embeddings', call: () => parseEmbeddings(embeddingsBody) },
      {
        name: 'ids and base64, answer',
        call: () => {
          const { rows } = parseIds(idsOfMany, rowOf);
          return answerOf(rows.subarray(0, Math.ceil(many / 3)), scores, table.idOf);
        },
      },
    ],
    context.race,
  );
  const us = (name: string): number => paces.get(name)!.medianUs;
  const common = { id: 'G11', unit: 'x', rooflinePercent: null, note: '' } as const;
  const goals: Goal[] = [
    {
      ...common,
      text: `parsing ${some} ids and a base64 query beside ${some} embeddings in JSON`,
      needed: 50,
      bound: 'least',
      measured: us('JSON embeddings') / us('ids and base64'),
    },
    ...context.rigs.map((rig): Goal => {
      const scoring = hotPaces.get(many)?.get(`${rig.name} f32`)?.medianUs;
      return {
        ...common,
        text: `parse and answer of ${many} ids over scoring them: ${rig.name}`,
        needed: 2,
        bound: 'most',
        measured: scoring === undefined ? null : us('ids and base64, answer') / scoring,
        note: `a third of them is answered; ${Math.round(us('ids and base64, answer'))} us`,
      };
    }),
  ];
  const rows = new Map([
    ['ids and base64', some],
    ['JSON embeddings', some],
    ['ids and base64, answer', many],
  ]);
  return {
    goals,
    timings: [...paces].map(([name, pace]) => timing('wire', name, { rows: rows.get(name)! }, pace)),
    notes: [],
  };
}

interface IdsBody {
  readonly query: { readonly b64: string };
  readonly ids: readonly string[];
}

function parseIds(body: Uint8Array, rowOf: ReadonlyMap<string, number>) {
  const { query, ids } = parseJsonBytes(body) as IdsBody;
  const rows = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const row = rowOf.get(ids[i]!);
    if (row === undefined) throw new Error(`there is no ${ids[i]}`);
    rows[i] = row;
  }
  return { vector: vectorFromBase64(query.b64), rows };
}

interface EmbeddingsBody {
  readonly query: readonly number[];
  readonly documents: readonly { readonly id: string; readonly embedding: readonly number[] }[];
}

function parseEmbeddings(body: Uint8Array) {
  const { query, documents } = parseJsonBytes(body) as EmbeddingsBody;
  return {
    vector: Float32Array.from(query),
    vectors: documents.map(({ embedding }) => Float32Array.from(embedding)),
  };
}

function answerOf(rows: Uint32Array, scores: Float32Array, idOf: (row: number) => string): string {
  return JSON.stringify({
    results: Array.from(rows, (row) => ({ id: idOf(row), score: scores[row]! })),
  });
}
