import MiniSearch from 'minisearch';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { textFields } from '../../src/domain/text/bm25f.ts';
import { LexicalIndex } from '../../src/domain/text/lexical-index.ts';
import { stem, tokenise } from '../../src/domain/text/tokenise.ts';
import type { BenchCase, BenchContext, Measurement } from '../case.ts';
import { interleave, latencies, round } from '../measure.ts';

/** Candidates that are looked up after each query, as for the union of all legs. */
const lookUps = 1_000;
const legDepth = 300;

/** What both indexes can do. Scores are asked for the hits and for any other document. */
interface Subject {
  readonly put: (documents: readonly StoredDocument[]) => void;
  readonly remove: (ids: readonly string[]) => void;
  /** Ids of the best documents, and the score of each of `ids`. */
  readonly search: (text: string, ids: readonly string[]) => readonly number[];
}

/** The own word index against minisearch on the same words: the figures behind ARCHITECTURE.md, decisions. */
export const textIndex: BenchCase = {
  name: 'text-index',
  description:
    'the word index against minisearch: build, queries, and what replaced documents leave in the scores',
  run: async (context) => {
    const { catalogue, size } = context;
    const documents = catalogue.documents.map((document) => ({
      ...document,
      version: 1,
      embedding: document.embedding!,
    }));
    const texts = queriesOf(context);
    const makers: Record<string, () => Subject> = {
      own: () => own(catalogue.schema, documents),
      minisearch: () => minisearch(catalogue.schema),
    };
    const measurements: Measurement[] = [];
    const rounds = size === 'full' ? 20 : 2;
    const built = new Map<string, Subject>();
    for (const [name, make] of Object.entries(makers)) {
      const started = performance.now();
      const subject = make();
      subject.put(documents);
      built.set(name, subject);
      measurements.push({ name: `${name} build`, values: { build_ms: round(performance.now() - started) } });
    }
    const ids = documents.slice(0, lookUps).map(({ id }) => id);
    const queries = await interleave(
      [...built].map(([name, subject]) => ({ name, round: async () => timeEach(subject, texts, ids) })),
      rounds,
    );
    for (const [name, samples] of queries)
      measurements.push({ name: `${name} query`, values: latencies(samples.slice(1).flat()) });
    for (const [name, make] of Object.entries(makers))
      measurements.push({ name: `${name} after changes`, values: drift(make, documents, texts) });
    const history = measurements.find(({ name }) => name === 'own after changes')!;
    if (history.values.changed_scores! > 0) throw new Error('scores of the word index depend on its history');
    return {
      measurements,
      notes: [
        `a query is a search for ${legDepth} hits and the scores of ${ids.length} documents, typo tolerance on`,
        'after changes: every second document replaced by itself, then every fourth deleted, against a fresh index',
      ],
    };
  },
};

/** One to four words each, every fifth with a typo. */
function queriesOf({ catalogue, size }: BenchContext): string[] {
  const count = size === 'full' ? 200 : 20;
  return catalogue.queries.slice(0, count).map(({ text }, i) => {
    const words = tokenise(text).slice(0, 1 + (i % 4));
    if (i % 5 === 0 && words[0] !== undefined && words[0].length > 4)
      words[0] = words[0].slice(0, 2) + words[0].slice(3);
    return words.join(' ');
  });
}

function timeEach(subject: Subject, texts: readonly string[], ids: readonly string[]): number[] {
  return texts.map((text) => {
    const started = performance.now();
    subject.search(text, ids);
    return performance.now() - started;
  });
}

/** How many scores differ between an index with a history and a fresh one over the same documents. */
function drift(
  make: () => Subject,
  documents: readonly StoredDocument[],
  texts: readonly string[],
): Record<string, number> {
  const kept = documents.filter((_, i) => i % 4 !== 1);
  const [grown, fresh] = [make(), make()];
  grown.put(documents);
  grown.put(documents.filter((_, i) => i % 2 === 0));
  grown.remove(documents.filter((_, i) => i % 4 === 1).map(({ id }) => id));
  fresh.put(kept);
  const ids = kept.map(({ id }) => id);
  let scores = 0;
  let changed = 0;
  let largest = 0;
  for (const text of texts) {
    const wanted = fresh.search(text, ids);
    for (const [i, score] of grown.search(text, ids).entries()) {
      const expected = wanted[i]!;
      if (expected === 0 && score === 0) continue;
      scores++;
      // The last bits may differ where sums are taken in another order; that is no drift.
      const relative = Math.abs(score - expected) / Math.max(score, expected);
      if (relative > 1e-9) changed++;
      largest = Math.max(largest, relative);
    }
  }
  return { scores, changed_scores: changed, largest_change_percent: round(100 * largest) };
}

function own(schema: CatalogueSchema, documents: readonly StoredDocument[]): Subject {
  const index = new LexicalIndex(schema);
  const table = new ResidentTable(schema, 1);
  table.apply(documents.map((document) => ({ kind: 'put', document })));
  const snapshot = table.publish();
  return {
    put: (added) => index.apply(added.map((document) => ({ kind: 'put', document }))),
    remove: (ids) => index.apply(ids.map((id) => ({ kind: 'delete', id, version: 2 }))),
    search: (text, ids) => {
      const scores = index.search(text);
      scores.best(snapshot, null, legDepth);
      return ids.map((id) => scores.scoreOf(id));
    },
  };
}

function minisearch(schema: CatalogueSchema): Subject {
  const index = new MiniSearch<Record<string, string>>({
    fields: textFields.map(({ name }) => name),
    tokenize: tokenise,
    processTerm: (term) => stem(term, schema.language),
  });
  const boost = Object.fromEntries(textFields.map(({ name, weight }) => [name, weight]));
  const known = new Set<string>();
  const flat = ({ id, title, text, facets }: StoredDocument) => ({
    ...{ id, title, text },
    facets: schema.facets.flatMap((facet) => facets[facet] ?? []).join(' '),
  });
  return {
    put: (added) => {
      for (const document of added) {
        if (known.has(document.id)) index.replace(flat(document));
        else index.add(flat(document));
        known.add(document.id);
      }
    },
    remove: (ids) => index.discardAll(ids),
    search: (text, ids) => {
      const fuzzy = (term: string) => (term.length < 4 ? 0 : term.length < 8 ? 1 : 2);
      const hits = index.search(text, { boost, fuzzy, maxFuzzy: 2 });
      const scores = new Map(hits.map(({ id, score }) => [id as string, score]));
      return ids.map((id) => scores.get(id) ?? 0);
    },
  };
}
