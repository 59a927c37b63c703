import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { stem, tokenise } from '../../src/domain/text/tokenise.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';

/** The formula of docs/ranking.md, "Words", computed from scratch on a set of documents. */

const weights = [3, 1, 1.5];
const bs = [0.5, 0.75, 0.5];
const k1 = 1.2;
const expansionsMax = 16;
const queryTermsMax = 64;

interface Counted {
  readonly id: string;
  readonly words: ReadonlySet<string>;
  /** By field: how often each term occurs. */
  readonly counts: readonly ReadonlyMap<string, number>[];
  readonly lengths: readonly number[];
}

/** Scores of all documents, by id, those without a match left out. */
export function referenceScores(
  schema: CatalogueSchema,
  documents: readonly StoredDocument[],
  query: string,
): Map<string, number> {
  const counted = documents.map((document) => count(schema, document));
  const averages = weights.map(
    (_, field) =>
      counted.reduce((sum, { lengths }) => sum + lengths[field]!, 0) / Math.max(1, counted.length),
  );
  const documentsWith = (term: string) =>
    counted.filter(({ counts }) => counts.some((of) => of.has(term))).length;
  const idf = (n: number) => Math.log(1 + (counted.length - n + 0.5) / (n + 0.5));
  const x = ({ counts, lengths }: Counted, term: string) =>
    weights.reduce((sum, weight, field) => {
      const relative = averages[field]! > 0 ? lengths[field]! / averages[field]! : 0;
      return sum + (weight * (counts[field]!.get(term) ?? 0)) / (1 - bs[field]! + bs[field]! * relative);
    }, 0);

  const scores = new Map<string, number>();
  for (const matches of expandQuery(schema, counted, query, documentsWith)) {
    const worth = idf(Math.max(...matches.map(({ term }) => documentsWith(term)))) * (k1 + 1);
    for (const document of counted) {
      const best = Math.max(
        ...matches.map(({ term, discount }) => (discount * x(document, term)) / (k1 + x(document, term))),
      );
      if (best > 0) scores.set(document.id, (scores.get(document.id) ?? 0) + worth * best);
    }
  }
  return scores;
}

function count(schema: CatalogueSchema, document: StoredDocument): Counted {
  const values = schema.facets.flatMap((facet) => [...new Set(document.facets[facet] ?? [])]);
  const fields = [[document.title], [document.text], values].map((texts) => texts.flatMap(tokenise));
  const counts = fields.map((words) => {
    const occurrences = new Map<string, number>();
    for (const word of words) {
      const term = stem(word, schema.language);
      occurrences.set(term, (occurrences.get(term) ?? 0) + 1);
    }
    return occurrences;
  });
  return {
    id: document.id,
    words: new Set(fields.flat()),
    counts,
    lengths: fields.map(({ length }) => length),
  };
}

interface Match {
  readonly term: string;
  readonly discount: number;
}

function expandQuery(
  schema: CatalogueSchema,
  counted: readonly Counted[],
  query: string,
  documentsWith: (term: string) => number,
): Match[][] {
  const tokens = tokenise(query);
  const firstWords = new Map<string, string>();
  for (const token of tokens) {
    const term = stem(token, schema.language);
    if (!firstWords.has(term) && firstWords.size < queryTermsMax) firstWords.set(term, token);
  }
  const known = [...new Set(counted.flatMap(({ words }) => [...words]))];
  return [...firstWords]
    .map(([term, word]) => {
      if (documentsWith(term) > 0) return [{ term, discount: 1 }];
      const discounts = new Map<string, number>();
      const propose = (other: string, discount: number) => {
        const stemmed = stem(other, schema.language);
        discounts.set(stemmed, Math.max(discount, discounts.get(stemmed) ?? 0));
      };
      for (const [other, edits] of closest(word, known)) propose(other, 0.6 ** edits);
      if (word === tokens.at(-1) && word.length >= 2)
        for (const other of known)
          if (other.length > word.length && other.startsWith(word)) propose(other, 0.6);
      return [...discounts]
        .map(([stemmed, discount]) => ({ term: stemmed, discount }))
        .sort(
          (a, b) =>
            b.discount - a.discount ||
            documentsWith(b.term) - documentsWith(a.term) ||
            compareUtf8(a.term, b.term),
        )
        .slice(0, expansionsMax);
    })
    .filter((matches) => matches.length > 0);
}

/** The words with the fewest edits, when those are few enough. */
function closest(word: string, known: readonly string[]): [string, number][] {
  const allowed = word.length < 4 || /\p{N}/u.test(word) ? 0 : word.length < 8 ? 1 : 2;
  const distances = known.map((other): [string, number] => [other, damerau(word, other)]);
  const least = Math.min(...distances.map(([, edits]) => edits));
  return least <= allowed ? distances.filter(([, edits]) => edits === least) : [];
}

/** Optimal string alignment distance over the whole matrix. */
export function damerau(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = cost;
    }
  }
  return rows[a.length]![b.length]!;
}
