import { generationKey } from '../../domain/generation-key.ts';
import { recallSupport } from '../../domain/graph-recall.ts';
import { similarTo } from '../../domain/names.ts';
import type { Relationship } from '../../domain/search-response.ts';
import { strongestRelationships } from '../../domain/similarity-graph.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { GraphAnswer, GraphQuery, GraphStore, RelationsQuery } from '../../ports/graph-store.ts';
import type { IndexRequest } from '../../ports/recall.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { LruMap } from '../../std/lru-map.ts';
import { EdgeBook, type FetchedDocument } from './edge-book.ts';
import { FetchedGraph } from './fetched-graph.ts';
import { type Bolt, integer, type Parameters, type Row } from './neo4j-connection.ts';
import { type PackedDeclared, similarPairs } from './packed-edges.ts';
import { recallStatement, relationshipsStatement } from './read-statements.ts';

type FetchedRelations = {
  readonly id: string;
  readonly similar: string | null;
  readonly declared: readonly PackedDeclared[];
};

/** Documents that one recall can touch in a first step, and so the rows that it may be answered with. */
const recallRowsMax = limits.likeIdsMax * (1 + limits.similarEdgesMax + limits.relationDegreeMax);

/**
 * The graph in Neo4j, as `Neo4jIndex` writes it. Each question is one statement and one round trip. The server finds which
 * documents are next to the seeds and hands over their edges; what a path is worth is computed here, by the code that the
 * in-process graph uses, so both give the same strengths bit for bit.
 */
export class Neo4jGraphStore implements GraphStore {
  readonly #bolt: Bolt;
  readonly #caller: StoreCaller;
  /** By generation and tenant. */
  readonly #books = new LruMap<EdgeBook>(limits.neo4jEdgeBooksMax);

  constructor(bolt: Bolt, caller: StoreCaller) {
    this.#bolt = bolt;
    this.#caller = caller;
  }

  /** @throws TriptychError invalid_request for more seeds than limits.likeIdsMax; those of StoreCaller */
  async recall(query: GraphQuery): Promise<GraphAnswer> {
    query.signal.throwIfAborted();
    const { seeds } = query;
    if (seeds.length > limits.likeIdsMax) {
      const message = `at most ${limits.likeIdsMax} seeds, not ${seeds.length}`;
      throw new TriptychError('invalid_request', message, { fields: [{ path: 'seeds', message }] });
    }
    if (seeds.length === 0) return { support: [] };
    const ids = seeds.map(({ id }) => id);
    const documents = await this.#ask<FetchedDocument & Row>('recall', query, recallStatement, {
      ids,
      limit: integer(recallRowsMax),
    });
    return { support: recallSupport(new FetchedGraph(this.#bookOf(query), documents), seeds) };
  }

  /** @throws TriptychError those of StoreCaller */
  async relationships(query: RelationsQuery): Promise<readonly (readonly Relationship[])[]> {
    query.signal.throwIfAborted();
    const { ids, limit } = query;
    if (ids.length === 0) return [];
    const rows = await this.#ask<FetchedRelations & Row>('relationships', query, relationshipsStatement, {
      ids,
      limit: integer(limit),
    });
    const found = new Map(rows.map((row) => [row.id, relationshipsOf(row, limit)]));
    return ids.map((id) => found.get(id) ?? []);
  }

  /** One that has grown too large is begun anew. */
  #bookOf({ tenant, snapshot }: IndexRequest): EdgeBook {
    const name = generationKey({ tenant, generation: snapshot.epoch.generation });
    const known = this.#books.get(name);
    if (known !== undefined && known.unpackings < limits.neo4jEdgeBookUnpackingsMax) return known;
    const book = new EdgeBook();
    this.#books.set(name, book);
    return book;
  }

  #ask<R extends Row>(
    operation: string,
    { tenant, snapshot, timeoutMs, signal }: IndexRequest,
    cypher: string,
    parameters: Parameters,
  ): Promise<readonly R[]> {
    const all = { tenant, generation: integer(snapshot.epoch.generation), ...parameters };
    return this.#caller.call({ operation, timeoutMs, signal, repeatable: true }, (leftMs) =>
      this.#bolt.read<R>(cypher, all, leftMs),
    );
  }
}

function relationshipsOf({ similar, declared }: FetchedRelations, limit: number): Relationship[] {
  return strongestRelationships(
    [
      ...declared.map(([id, strength, type]) => ({ type, id, strength })),
      ...similarPairs({ similar }).map(([id, strength]) => ({ type: similarTo, id, strength })),
    ],
    limit,
  );
}
