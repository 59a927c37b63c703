import { z } from 'zod';
import { storedDocumentSchema } from '../../wire/document.ts';
import { idSchema } from '../../wire/names.ts';
import { catalogueStatusSchema, profilesSchema } from '../../wire/status.ts';
import { tenantRulesResponseSchema } from '../../wire/tenant-rules.ts';
import { catalogueText } from '../text/catalogue-text.ts';
import { documentText } from '../text/document-text.ts';
import { reads, tool } from '../tool.ts';

const { contexts } = tenantRulesResponseSchema.shape;

export const describeCatalogue = tool({
  name: 'describe_catalogue',
  title: 'Describe the catalogue',
  description:
    'What can be searched and how: facets with their most frequent values, fields with their types, ordered scales, ' +
    'the number of documents, ranking profiles, and the contexts with their rules. Ask this before you filter.',
  input: z.strictObject({}),
  output: z.strictObject({
    catalogue: catalogueStatusSchema,
    profiles: profilesSchema.shape.profiles,
    default_profile: profilesSchema.shape.default,
    contexts,
  }),
  hints: reads,
  run: async (_input, { client, options }) => {
    const [catalogue, { profiles, default: defaultProfile }, rules] = await Promise.all([
      client.catalogue(options),
      client.profiles(options),
      client.rules(options),
    ]);
    return { catalogue, profiles, default_profile: defaultProfile, contexts: rules.contexts };
  },
  text: catalogueText,
});

export const getDocument = tool({
  name: 'get_document',
  title: 'Get a document',
  description: 'A document as it is stored: title, text, facets, fields and declared relations.',
  input: z.strictObject({ id: idSchema }),
  output: storedDocumentSchema.omit({ embedding: true }),
  hints: reads,
  run: ({ id }, { client, options }) => client.document(id, options),
  text: documentText,
});
