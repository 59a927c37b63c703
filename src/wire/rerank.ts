import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { RelevanceRequest, TextRelevanceRequest } from '../domain/relevance.ts';
import { isListRule } from '../domain/rule.ts';
import { limits } from '../limits.ts';
import { components } from './components.ts';
import { idSchema } from './names.ts';
import { Problems, parseWith } from './problems.ts';
import { parseSearchRequest, type SearchContext, searchShape } from './search.ts';

const { query, embedding, user, context, constraints, profile, timeout_ms, partial } = searchShape;

const documentSchema = z.union([z.string(), z.record(z.string(), z.string())]);

/** Members that have a meaning for `documents` alone. */
const ofTexts = {
  rank_fields: z
    .array(z.string().min(1))
    .min(1)
    .max(limits.facetsMax)
    .refine((names) => new Set(names).size === names.length, 'must not name a member twice')
    .optional()
    .meta({ description: 'Distinct members of an object that are read, in this order. Default: `text`.' }),
  return_documents: z
    .boolean()
    .optional()
    .meta({ description: 'true: each result has its `document`. Default: false.' }),
  max_tokens_per_doc: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'How much of a text is read, at four characters a token.' }),
  max_chunks_per_doc: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Accepted for clients that send it: a text is one piece here.' }),
  truncation: z
    .boolean()
    .optional()
    .meta({ description: 'false: a text that is longer than what is read of it is refused.' }),
};

/** Members that have a meaning for `ids` alone. */
const ofIds = {
  embedding,
  user,
  context: context.unwrap().optional(),
  constraints: constraints
    .unwrap()
    .optional()
    .meta({ description: "Rules of this request alone; they add to the policy's and never relax them." }),
};

/** Body of `POST /v1/rerank`: Cohere's, Jina's or ids instead of texts, and what a search can say of who asks. */
export const rerankRequestSchema = z
  .strictObject({
    model: z
      .string()
      .max(limits.idCharsMax)
      .optional()
      .meta({ description: 'Accepted for clients that send it; `profile` says how to score.' }),
    query: query.unwrap(),
    documents: z
      .array(documentSchema)
      .min(1)
      .max(limits.windowMax)
      .optional()
      .meta({
        description:
          `Texts that need not be in a catalogue, or objects with a \`text\`. More than ${limits.rerankEmbeddedTextsMax} are ` +
          'scored by their words alone, and the answer is degraded.',
      }),
    ids: z
      .array(idSchema)
      .min(1)
      .max(limits.windowMax)
      .optional()
      .meta({ description: 'Documents of the catalogue, in any order; unknown ones warn.' }),
    top_n: z.int().min(1).max(limits.windowMax).optional().meta({ description: 'Default: all of them.' }),
    top_k: z.int().min(1).max(limits.windowMax).optional().meta({ description: 'The same as `top_n`.' }),
    ...ofTexts,
    ...ofIds,
    profile,
    priority: z
      .int()
      .min(0)
      .max(999)
      .optional()
      .meta({ description: 'Accepted for clients that send it: requests are answered as they come.' }),
    timeout_ms: timeout_ms.unwrap().default(limits.timeoutMsMax),
    partial,
  })
  .meta({
    description:
      'What another system found, to be scored for a query: `documents`, or `ids` of the catalogue for whoever asks. With ' +
      'ids hard and soft rules hold, of the request and of the policy; list-wise rules have no part in it. Texts have no ' +
      'facets or fields, so nothing that is about those can be asked of them.',
    examples: [
      {
        query: 'lonely robot in space',
        ids: ['the-iron-giant-1999-08-04', 'wall-e-2008-06-27'],
        top_n: 1,
      },
      {
        model: 'any',
        query: 'What is the capital of the United States?',
        documents: ['Carson City is the capital of Nevada.', { text: 'Washington, D.C. is the capital.' }],
        top_n: 1,
        return_documents: true,
      },
    ],
  })
  .register(components, { id: 'RerankRequest' });

type Body = z.output<typeof rerankRequestSchema>;
export type WireTextDocument = z.output<typeof documentSchema>;

/** One of the two questions that a body can be. */
export type RerankQuestion =
  | { readonly kind: 'ids'; readonly request: RelevanceRequest }
  | {
      readonly kind: 'texts';
      readonly request: TextRelevanceRequest;
      /** What was sent, where it is to be sent back. */
      readonly documents: readonly WireTextDocument[] | null;
    };

/** What a body is checked against; a catalogue is needed for ids alone. */
export interface RerankContext {
  readonly profiles: SearchContext['profiles'];
  /** @throws TriptychError no_catalogue */
  schema(): CatalogueSchema;
}

/** @throws TriptychError invalid_request | unknown_field | unknown_profile | wrong_dimension | no_catalogue, with paths */
export function parseRerankRequest(input: unknown, known: RerankContext): RerankQuestion {
  const body = parseWith(rerankRequestSchema, input);
  const problems = new Problems();
  if (body.documents === undefined && body.ids === undefined)
    problems.add('invalid_request', 'documents', 'is required, unless ids are given');
  if (body.documents !== undefined && body.ids !== undefined)
    problems.add('invalid_request', 'ids', 'cannot be given beside documents');
  if (body.top_n !== undefined && body.top_k !== undefined && body.top_n !== body.top_k)
    problems.add('invalid_request', 'top_k', 'says something else than top_n');
  // Its signals for words and vectors are ranks within what legs recalled, and nothing is recalled here.
  if (known.profiles.find(({ name }) => name === body.profile)?.formula === 'rrf')
    problems.add(
      'invalid_request',
      'profile',
      'ranks what legs recall, and here nothing is recalled: take one that weighs signals, such as linear or personal',
    );
  refuseOthers(body, problems);
  problems.throwIfAny();
  const { documents } = body;
  if (documents === undefined) return { kind: 'ids', request: idsRequest(body, known) };
  return {
    kind: 'texts',
    request: textsRequest(body, documents, known),
    documents: body.return_documents === true ? documents : null,
  };
}

/** Members of the other question. */
function refuseOthers(body: Body, problems: Problems): void {
  const texts = body.documents !== undefined;
  const others = Object.keys(texts ? ofIds : ofTexts) as (keyof Body)[];
  const message = texts
    ? 'is about documents of the catalogue, which have facets, fields and a vector: send ids'
    : 'is about documents that are sent as texts';
  for (const name of others) if (body[name] !== undefined) problems.add('invalid_request', name, message);
}

function idsRequest(body: Body, known: RerankContext): RelevanceRequest {
  const ids = body.ids!;
  const { embedding: vector, user: who, context: situation, constraints: rules } = body;
  const search = {
    query: body.query,
    embedding: vector,
    user: who,
    context: situation,
    constraints: rules,
    profile: body.profile,
    timeout_ms: body.timeout_ms,
    partial: body.partial,
  };
  const request = parseSearchRequest(
    { ...search, k: 1, explain: 'none', cache: 'skip' },
    { schema: known.schema(), profiles: known.profiles },
  );
  const problems = new Problems();
  request.constraints.forEach((rule, i) => {
    if (isListRule(rule))
      problems.add(
        'invalid_request',
        `constraints[${i}].kind`,
        `${rule.kind} orders lists, and here the score alone orders; a search keeps it`,
      );
  });
  problems.throwIfAny();
  return { search: request, ids, topN: body.top_n ?? body.top_k ?? ids.length };
}

function textsRequest(
  body: Body,
  documents: readonly WireTextDocument[],
  { profiles }: RerankContext,
): TextRelevanceRequest {
  const problems = new Problems();
  if (!profiles.some(({ name }) => name === body.profile))
    problems.add('unknown_profile', 'profile', `is none of ${profiles.map(({ name }) => name).join(', ')}`);
  const tokens = body.max_tokens_per_doc ?? Number.POSITIVE_INFINITY;
  const textCharsMax = Math.min(limits.textCharsMax, limits.rerankTokenChars * tokens);
  // One more than is read says that there is more; what is sent back is kept whole.
  const keptCharsMax = body.return_documents === true ? Number.POSITIVE_INFINITY : textCharsMax + 1;
  const texts = documents.map((document, i) => {
    const text = textOf(document, body.rank_fields, keptCharsMax, `documents[${i}]`, problems);
    if (body.truncation === false && text.length > textCharsMax)
      problems.add('invalid_request', `documents[${i}]`, `must have at most ${textCharsMax} characters`);
    return text;
  });
  if (!body.partial && texts.length > limits.rerankEmbeddedTextsMax)
    problems.add(
      'invalid_request',
      'documents',
      `must have at most ${limits.rerankEmbeddedTextsMax} items where partial is false: more are scored by words alone`,
    );
  problems.throwIfAny();
  return {
    query: body.query.normalize('NFC').trim(),
    texts,
    textCharsMax,
    topN: body.top_n ?? body.top_k ?? texts.length,
    profile: body.profile,
    timeoutMs: body.timeout_ms,
    partial: body.partial,
  };
}

const textMember = ['text'];

/** What is read of a document, up to `charsMax` characters: itself, or its members of those names, one per line. */
function textOf(
  document: WireTextDocument,
  rankFields: readonly string[] | undefined,
  charsMax: number,
  path: string,
  problems: Problems,
): string {
  if (typeof document === 'string') return document.slice(0, charsMax);
  const names = rankFields ?? textMember;
  const read = names.filter((name) => Object.hasOwn(document, name));
  if (read.length === 0)
    problems.add(
      'invalid_request',
      rankFields === undefined ? `${path}.text` : path,
      rankFields === undefined ? 'is required' : `has none of ${names.join(', ')}`,
    );
  let text = '';
  for (const [place, name] of read.entries()) {
    if (text.length >= charsMax) break;
    text += `${place === 0 ? '' : '\n'}${document[name]!.slice(0, charsMax)}`;
  }
  return text.slice(0, charsMax);
}
