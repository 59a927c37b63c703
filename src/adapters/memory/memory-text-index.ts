import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { DocumentChange } from '../../domain/document.ts';
import type { WordCounts } from '../../domain/text/given-texts.ts';
import { LexicalIndex } from '../../domain/text/lexical-index.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Projection } from '../../ports/projection.ts';
import type { TermsRequest, TextAnswer, TextIndex, TextQuery } from '../../ports/text-index.ts';

/** The in-process word index, one per tenant. All scores of an answer are computed when `search` is called. */
export class MemoryTextIndex implements TextIndex, Projection {
  readonly #indexes = new Map<string, LexicalIndex>();

  reset(tenant: string, schema: CatalogueSchema): void {
    this.#indexes.set(tenant, new LexicalIndex(schema));
  }

  /** @throws TriptychError no_catalogue before `reset` */
  prepare(tenant: string, change: DocumentChange): void {
    this.#indexOf(tenant).prepare(change);
  }

  /** @throws TriptychError no_catalogue before `reset` */
  apply(tenant: string, changes: readonly DocumentChange[]): void {
    this.#indexOf(tenant).apply(changes);
  }

  /** @throws TriptychError no_catalogue before `reset` */
  async search(query: TextQuery): Promise<TextAnswer> {
    query.signal.throwIfAborted();
    const scores = this.#indexOf(query.tenant).search(query.text);
    const limit = Math.max(0, Math.min(query.limit, limits.legDepthMax, query.snapshot.liveCount));
    return {
      hits: scores.best(query.snapshot, query.predicate?.mask ?? null, limit),
      score: async (ids, rows) => scores.scoresOf(ids, rows),
    };
  }

  /** @throws TriptychError no_catalogue before `reset` */
  async counts({ tenant, terms }: TermsRequest): Promise<WordCounts> {
    return this.#indexOf(tenant).counts(terms);
  }

  #indexOf(tenant: string): LexicalIndex {
    const index = this.#indexes.get(tenant);
    if (index === undefined) throw new TriptychError('no_catalogue', 'the tenant has no catalogue');
    return index;
  }
}
