/** A piece of the vocabulary and its log probability. */
export type VocabularyEntry = readonly [piece: string, score: number];

/** Ids below this are markers of the model; id 0 stands for characters that no piece covers. */
const reservedCount = 6;
const unknown = 0;
const blank = '\u2581';

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  /** Id of the piece that ends here, or -1. */
  id: number;
}

/**
 * Splits text into pieces of a unigram vocabulary by the Viterbi path of the highest summed score, as the Universal
 * Sentence Encoder was trained with: NFKC, blanks become U+2581 and one is put in front, characters without a piece
 * become `unknown` (a run of them only once). Follows the tokenizer published with the model, its treatment of
 * unreachable positions included, because other ids would give other vectors.
 */
export class UnigramTokenizer {
  readonly #root: TrieNode = { children: new Map(), id: -1 };
  readonly #scores: Float64Array;

  constructor(vocabulary: readonly VocabularyEntry[]) {
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score);
    for (let id = reservedCount; id < vocabulary.length; id++) this.#insert(vocabulary[id]![0], id);
  }

  /** Ids of the text's pieces, at least one: a text without content gives the piece of a blank. */
  encode(text: string): number[] {
    const normalised = text.normalize('NFKC');
    const symbols = Array.from(blank + normalised.replaceAll(' ', blank));
    const { ids, lengths } = this.#bestPieces(symbols);
    const pieces: number[] = [];
    for (let end = symbols.length; end > 0; end -= lengths[end]!) {
      const id = ids[end]!;
      if (id !== unknown || pieces.at(-1) !== unknown) pieces.push(id);
    }
    return pieces.reverse();
  }

  /** The last piece of the best path to every position: its id and its length in symbols. */
  #bestPieces(symbols: readonly string[]): { ids: Int32Array; lengths: Int32Array } {
    const ids = new Int32Array(symbols.length + 1).fill(unknown);
    const lengths = new Int32Array(symbols.length + 1).fill(1);
    const best = new Float64Array(symbols.length + 1);
    for (let start = 0; start < symbols.length; start++) {
      let node: TrieNode | undefined = this.#root;
      for (let end = start + 1; end <= symbols.length; end++) {
        node = node.children.get(symbols[end - 1]!);
        if (node === undefined) break;
        if (node.id < 0) continue;
        const score = best[start]! + this.#scores[node.id]!;
        // Scores are negative, so 0 means that no piece has reached this position yet.
        if (best[end] !== 0 && score < best[end]!) continue;
        best[end] = score;
        ids[end] = node.id;
        lengths[end] = end - start;
      }
    }
    return { ids, lengths };
  }

  #insert(piece: string, id: number): void {
    let node = this.#root;
    for (const symbol of piece) {
      let child = node.children.get(symbol);
      if (child === undefined) {
        child = { children: new Map(), id: -1 };
        node.children.set(symbol, child);
      }
      node = child;
    }
    node.id = id;
  }
}
