import type { CatalogueStatus, Profiles, RulesAnswer } from '../../client/index.ts';
import { ruleText } from './parts.ts';

export interface CatalogueDescription {
  readonly catalogue: CatalogueStatus;
  readonly profiles: Profiles['profiles'];
  readonly default_profile: string;
  readonly contexts: RulesAnswer['contexts'];
}

/** What a search can name. */
export function catalogueText(description: CatalogueDescription): string {
  const { catalogue, profiles, default_profile, contexts } = description;
  const { schema, documents, facets } = catalogue;
  return [
    `Catalogue ${schema.name}: ${documents} documents.`,
    'Facets (most frequent values, with the number of documents):',
    ...(schema.facets ?? []).map((facet) => {
      const values = (facets[facet] ?? []).map(({ value, count }) => `${value} (${count})`);
      return `  ${facet}: ${values.join(', ')}`;
    }),
    'Fields:',
    ...Object.entries(schema.fields ?? {}).map(
      ([name, { type, scale }]) => `  ${name}: ${type}${scale === undefined ? '' : `, scale ${scale}`}`,
    ),
    ...Object.entries(schema.scales ?? {}).map(
      ([name, values]) => `Scale ${name}, lowest first: ${values.join(', ')}`,
    ),
    'Profiles:',
    ...profiles.map(
      ({ name, description: what }) => `  ${name}${name === default_profile ? ' (default)' : ''}: ${what}`,
    ),
    ...contextLines(contexts),
  ].join('\n');
}

/** Each context with what it is for and its rules. */
export function contextLines(contexts: RulesAnswer['contexts']): string[] {
  const shown = Object.entries(contexts).map(([name, { description, rules = [] }]) => {
    const what = description === undefined || description === '' ? '' : ` ${description}`;
    const ruled = rules.length === 0 ? '' : ` Rules: ${rules.map((rule) => ruleText(rule)).join('; ')}.`;
    return `  ${name}:${what}${ruled}`;
  });
  return shown.length === 0 ? ['Contexts: default alone.'] : ['Contexts, besides default:', ...shown];
}
