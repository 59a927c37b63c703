/**
 * BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3.5; the
 * length normalisation per field is from Zaragoza et al., "Microsoft Cambridge at TREC 13", 2004):
 *
 *   x(t, d)  = sum over fields f of  weight_f * tf_f(t, d) / (1 - b_f + b_f * length_f(d) / averageLength_f)
 *   idf(t)   = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))
 *   score(d) = sum over query terms t of  idf(t) * (k1 + 1) * x(t, d) / (k1 + x(t, d))
 *
 * N, n_t and the average lengths are exact over the live documents. A query word that no document has is expanded to
 * terms e with discounts d_e <= 1 (query-terms.ts) and counts as one word: it takes the best of
 * d_e * x_e / (k1 + x_e), and the idf of the most frequent expansion, so that a rare neighbour gains nothing from being
 * rare. Term frequencies saturate at 255 (title, facets) and 65,535 (text).
 */
export const k1 = 1.2;

/** Fields in the order of their normalisers. Facets are all the values of all facets, so that names can be searched. */
export const textFields = [
  { name: 'title', weight: 3, b: 0.5 },
  { name: 'text', weight: 1, b: 0.75 },
  { name: 'facets', weight: 1.5, b: 0.5 },
] as const;

export const fieldCount = textFields.length;
export const titleField = 0;
export const textField = 1;
export const facetsField = 2;

export function idf(documents: number, documentsWithTerm: number): number {
  return Math.log(1 + (documents - documentsWithTerm + 0.5) / (documentsWithTerm + 0.5));
}

/** What one occurrence in the field is worth in a document of a length: weight / (1 - b + b * length / average). */
export function fieldNorm(field: number, averageLength: number): (length: number) => number {
  const { weight, b } = textFields[field]!;
  const slope = averageLength > 0 ? b / averageLength : 0;
  return (length) => weight / (1 - b + slope * length);
}

// Term frequencies of one document, packed: title in bits 24-31, facets in bits 16-23, text in bits 0-15.

export function addOccurrence(packed: number, field: number): number {
  if (field === textField) return (packed & 0xffff) < 0xffff ? packed + 1 : packed;
  const shift = field === titleField ? 24 : 16;
  return ((packed >>> shift) & 0xff) < 0xff ? packed + 2 ** shift : packed;
}

/** x(t, d) from packed frequencies and the document's normalisers, which start at `at`. */
export function weightedFrequency(packed: number, norms: Float64Array, at: number): number {
  return (
    (packed >>> 24) * norms[at]! +
    (packed & 0xffff) * norms[at + 1]! +
    ((packed >>> 16) & 0xff) * norms[at + 2]!
  );
}
