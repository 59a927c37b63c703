import { type FieldProblem, TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { textProblem } from '../std/clean-text.ts';
import { jsonPath } from '../std/json-path.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import { nameProblem, similarTo, similarToRule } from './names.ts';
import { vectorTiers } from './vector-rows.ts';

/** Every way to a catalogue asks it. @throws TriptychError invalid_schema, with field paths as in the wire form */
export function requireValidSchema(schema: CatalogueSchema): void {
  const fields = schemaProblems(schema);
  const first = fields[0];
  if (first !== undefined)
    throw new TriptychError('invalid_schema', `${first.path}: ${first.message}`, { fields });
}

/** What is wrong with a catalogue schema of the right shape, empty when it is usable. */
function schemaProblems(schema: CatalogueSchema): FieldProblem[] {
  return [
    ...nameProblems(schema),
    ...scaleProblems(schema),
    ...sourceProblems(schema),
    ...embeddingProblems(schema),
    ...relationProblems(schema),
  ].slice(0, limits.errorFieldsMax);
}

function* nameProblems(schema: CatalogueSchema): Generator<FieldProblem> {
  const named: [PropertyKey[], string][] = [
    [['name'], schema.name],
    ...schema.facets.map((name, index): [PropertyKey[], string] => [['facets', index], name]),
    ...Object.keys(schema.fields).map((name): [PropertyKey[], string] => [['fields', name], name]),
    ...Object.keys(schema.scales).map((name): [PropertyKey[], string] => [['scales', name], name]),
  ];
  for (const [path, name] of named) {
    const message = nameProblem(name);
    if (message !== null) yield { path: jsonPath(path), message };
  }
  if (schema.facets.length > limits.facetsMax)
    yield { path: 'facets', message: `must have at most ${limits.facetsMax} entries` };
  if (new Set(schema.facets).size < schema.facets.length)
    yield { path: 'facets', message: 'must not name a facet twice' };
  if (Object.keys(schema.fields).length > limits.fieldsMax)
    yield { path: 'fields', message: `must have at most ${limits.fieldsMax} entries` };
  if (Object.keys(schema.scales).length > limits.fieldsMax)
    yield { path: 'scales', message: `must have at most ${limits.fieldsMax} entries` };
}

function* scaleProblems(schema: CatalogueSchema): Generator<FieldProblem> {
  for (const [name, field] of Object.entries(schema.fields)) {
    if (field.scale === undefined) continue;
    const path = `fields.${name}.scale`;
    if (field.type !== 'keyword') yield { path, message: 'belongs to keyword fields only' };
    if (!Object.hasOwn(schema.scales, field.scale)) yield { path, message: 'is not one of scales' };
  }
  for (const [name, values] of Object.entries(schema.scales))
    yield* scaleValueProblems(`scales.${name}`, values);
}

function* scaleValueProblems(path: string, values: readonly string[]): Generator<FieldProblem> {
  if (values.length < 2 || values.length > limits.scaleValuesMax)
    yield { path, message: `must have 2 to ${limits.scaleValuesMax} values` };
  if (new Set(values).size < values.length) yield { path, message: 'must not have a value twice' };
  for (const [index, value] of values.entries()) {
    const problem = scaleValueProblem(value);
    if (problem !== null) yield { path: `${path}[${index}]`, message: problem };
  }
}

function scaleValueProblem(value: string): string | null {
  if (value === '') return 'must not be empty';
  if (value.length > limits.fieldStringCharsMax)
    return `must have at most ${limits.fieldStringCharsMax} characters, not ${value.length}`;
  return textProblem(value);
}

function* sourceProblems(schema: CatalogueSchema): Generator<FieldProblem> {
  if (schema.popularity !== null && fieldType(schema, schema.popularity) !== 'number')
    yield { path: 'popularity', message: 'must name a number field of the schema' };
  if (schema.recency !== null && fieldType(schema, schema.recency.field) !== 'date')
    yield { path: 'recency.field', message: 'must name a date field of the schema' };
}

function* embeddingProblems(schema: CatalogueSchema): Generator<FieldProblem> {
  const { model, dimension, tier, lo, hi, text } = schema.embedding;
  const modelProblem =
    model === '' || model.length > limits.idCharsMax ? 'must be a name' : textProblem(model);
  if (modelProblem !== null) yield { path: 'embedding.model', message: modelProblem };
  if (!Number.isInteger(dimension) || dimension < 1 || dimension > limits.dimensionMax)
    yield { path: 'embedding.dimension', message: `must be an integer from 1 to ${limits.dimensionMax}` };
  if (!vectorTiers.includes(tier))
    yield { path: 'embedding.tier', message: `must be one of ${vectorTiers.join(', ')}` };
  if (!(lo >= -1 && lo < 1)) yield { path: 'embedding.lo', message: 'must be a cosine from -1 to below 1' };
  if (!(hi > lo && hi <= 1)) yield { path: 'embedding.hi', message: 'must be above lo and at most 1' };
  if (text.length === 0 || text.length > limits.facetsMax)
    yield { path: 'embedding.text', message: `must name 1 to ${limits.facetsMax} sources` };
  for (const [index, source] of text.entries())
    if (!isTextSource(schema, source))
      yield {
        path: `embedding.text[${index}]`,
        message: 'must be title, text, facets.NAME or fields.NAME of the schema',
      };
}

function* relationProblems(schema: CatalogueSchema): Generator<FieldProblem> {
  if (schema.relations.length > limits.derivedRelationsMax)
    yield { path: 'relations', message: `must have at most ${limits.derivedRelationsMax} entries` };
  const types = new Set<string>();
  for (const [index, relation] of schema.relations.entries()) {
    const path = `relations[${index}]`;
    const typeProblem = relation.type === similarTo ? similarToRule : nameProblem(relation.type);
    if (typeProblem !== null) yield { path: `${path}.type`, message: typeProblem };
    if (types.has(relation.type)) yield { path: `${path}.type`, message: 'is used twice' };
    types.add(relation.type);
    if (!schema.facets.includes(relation.facet))
      yield { path: `${path}.facet`, message: 'must name a facet of the schema' };
    if (!(relation.strength > 0 && relation.strength <= 1))
      yield { path: `${path}.strength`, message: 'must be above 0 and at most 1' };
  }
}

function isTextSource(schema: CatalogueSchema, source: string): boolean {
  if (source === 'title' || source === 'text') return true;
  if (source.startsWith('facets.')) return schema.facets.includes(source.slice('facets.'.length));
  return source.startsWith('fields.') && Object.hasOwn(schema.fields, source.slice('fields.'.length));
}

function fieldType(schema: CatalogueSchema, name: string): string | undefined {
  return Object.hasOwn(schema.fields, name) ? schema.fields[name]?.type : undefined;
}
