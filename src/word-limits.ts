/** The bounds of words and the indexes of them: a part of `limits`, which is where they are read. */
export const wordLimits = {
  /** UTF-16 units of an indexed word; longer ones are cut. */
  textWordCharsMax: 64,
  /** Distinct words of a query that are scored; the first ones count. */
  textQueryTermsMax: 64,
  /** Terms that stand in for one misspelt or unfinished query word. */
  typoExpansionsMax: 16,
  typoCacheEntries: 1_000,
  /** Unknown words of a query that the word index in SQL looks for others for; the first ones count. */
  textExpandedWordsMax: 8,
  /** Words that it compares with an unknown one letter by letter. */
  typoCandidatesMax: 5_000,
  /** Postings that a query's words have together for all of them to be read, so that every score is known at once. */
  textWholePostingsMax: 3_000,
  /** Postings by which it finds documents: words of a query beyond that only count in the score. */
  textPostingsMax: 10_000,
  /** Parameters of one statement, half of what the protocol counts with 16 bits. */
  sqlConditionParametersMax: 32_000,
  /** Rows of each table of a dropped generation that one transaction deletes there. */
  wordSweepRows: 10_000,
} as const;
