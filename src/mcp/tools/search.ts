import { z } from 'zod';
import { limits } from '../../limits.ts';
import { explainResponseSchema } from '../../wire/explain.ts';
import { idSchema } from '../../wire/names.ts';
import { searchShape } from '../../wire/search.ts';
import { searchResponseSchema } from '../../wire/search-response.ts';
import { similarResponseSchema } from '../../wire/similar.ts';
import { explainText } from '../text/explain-text.ts';
import { searchText } from '../text/search-text.ts';
import { similarText } from '../text/similar-text.ts';
import { reads, tool } from '../tool.ts';

// A model has no vectors, and no reason to work around the cache.
const { embedding: _vector, cache: _cache, ...asked } = searchShape;
// Of these an explanation makes nothing: it is about the whole list.
const { k: _k, cursor: _cursor, include: _include, explain: _explain, ...ranked } = asked;
const { include_relationships: _relationships, min_score, ...ranking } = ranked;

const howToFilter =
  'Names of facets and fields, and facet values, are those of describe_catalogue; values match exactly.';

export const search = tool({
  name: 'search',
  title: 'Search the catalogue',
  description:
    'Searches the catalogue by meaning, words and relations at once, and says of each result why it is there. Give ' +
    'at least one of: `query` (words), `like` (ids of documents to find more of), `user` (recommendations for whom), ' +
    `\`filter\`. ${howToFilter} Results come best first, with their scores' signals and reasons; \`coverage\` and ` +
    '`degraded` say whether all parts of the search answered. Take the `cursor` of an answer for the next page.',
  input: z.strictObject(asked),
  output: searchResponseSchema,
  hints: reads,
  run: (input, { client, options }) => client.search(input, options),
  text: searchText,
});

export const explain = tool({
  name: 'explain',
  title: 'Explain a rank, or an absence',
  description:
    'Says why a document stands where it does in the list of a search, or why it is not in it: the rule or filter ' +
    'that dropped it and whose that is, what moved it down, its exact score and the one it would need. Give the same ' +
    `search as to \`search\`, and the id of the \`document\`. ${howToFilter}`,
  input: z.strictObject({ ...ranking, min_score, document: idSchema }),
  output: explainResponseSchema,
  hints: reads,
  run: (input, { client, options }) => client.explain(input, options),
  text: explainText,
});

export const similar = tool({
  name: 'similar',
  title: 'Find similar documents',
  description:
    'Neighbours of one document, each with what connects them: the relations and shared values between the two, or ' +
    'that they are close in meaning. It knows no user; `search` with `like` does.',
  input: z.strictObject({
    id: idSchema,
    k: z.int().min(1).max(limits.similarNeighboursMax).default(limits.kDefault),
  }),
  output: similarResponseSchema,
  hints: reads,
  run: ({ id, k }, { client, options }) => client.similar(id, { ...options, k }),
  text: similarText,
});
