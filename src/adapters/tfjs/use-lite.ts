/** Facts of the built-in model, Universal Sentence Encoder Lite (English), apart from the code that loads it. */

/** Name of the embedding space in catalogue schemas. */
export const modelName = 'universal-sentence-encoder-lite';

/** Length of its vectors. */
export const dimension = 512;

/** The model ignores everything after this many pieces: cutting a text there leaves its vector as it is. */
export const tokensMax = 128;
