import type { ErrorCode, FieldProblem } from '../errors.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import type { CatalogueSchema, FieldSchema } from './catalogue-schema.ts';
import type { DocumentBody, DocumentInput, FieldValue, Relation } from './document.ts';
import { similarTo, similarToRule } from './names.ts';
import { dateToMs } from './predicate.ts';
import { facetValueProblem, idProblem, stringProblem, unknownFacet, unknownField } from './value-check.ts';
import { vectorProblem } from './vector-check.ts';

/** `code` is what an error is called that this problem alone would raise. */
export interface DocumentProblem extends FieldProblem {
  readonly code: Extract<ErrorCode, 'invalid_document' | 'unknown_field' | 'wrong_dimension'>;
}

/**
 * What is wrong with a document that has the right shape: names the schema does not know, wrong types, lengths, dates
 * that do not exist, numbers that are not finite, a vector that cannot be used. Empty when it may be stored. At most
 * limits.errorFieldsMax problems, each with its path (`facets.genres[2]`). Every way into the truth asks it: the wire,
 * the ingest of files and the write path, which a library may call with anything.
 */
export function documentProblems(schema: CatalogueSchema, document: DocumentInput): DocumentProblem[] {
  const problems: DocumentProblem[] = [];
  for (const problem of allProblems(schema, document)) {
    problems.push(problem);
    if (problems.length >= limits.errorFieldsMax) break;
  }
  return problems;
}

function* allProblems(schema: CatalogueSchema, document: DocumentInput): Generator<DocumentProblem> {
  yield* invalid('id', idProblem(document.id));
  yield* invalid('title', titleProblem(document.title));
  yield* invalid('text', stringProblem(document.text, limits.textCharsMax));
  yield* facetProblems(schema, document);
  yield* fieldProblems(schema, document);
  yield* relationProblems(document);
  if (document.embedding !== null) yield* embeddingProblems(schema, document.embedding);
}

function* invalid(path: string, message: string | null): Generator<DocumentProblem> {
  if (message !== null) yield { code: 'invalid_document', path, message };
}

function titleProblem(title: string): string | null {
  return title.trim() === '' ? 'must not be blank' : stringProblem(title, limits.titleCharsMax);
}

function* facetProblems(schema: CatalogueSchema, document: DocumentBody): Generator<DocumentProblem> {
  let count = 0;
  for (const [facet, values] of Object.entries(document.facets)) {
    if (!schema.facets.includes(facet)) {
      yield {
        code: 'unknown_field',
        path: jsonPath(['facets', facet]),
        message: unknownFacet(schema.facets),
      };
      continue;
    }
    count += values.length;
    for (const [index, value] of values.entries()) {
      yield* invalid(`facets.${facet}[${index}]`, facetValueProblem(value));
    }
  }
  const countMax = limits.facetValuesPerDocumentMax;
  if (count > countMax) yield* invalid('facets', `must have at most ${countMax} values in all, not ${count}`);
}

function* fieldProblems(schema: CatalogueSchema, document: DocumentBody): Generator<DocumentProblem> {
  for (const [name, value] of Object.entries(document.fields)) {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined) {
      const message = unknownField(Object.keys(schema.fields));
      yield { code: 'unknown_field', path: jsonPath(['fields', name]), message };
    } else yield* invalid(`fields.${name}`, fieldValueProblem(field, value));
  }
}

function fieldValueProblem(field: FieldSchema, value: FieldValue): string | null {
  switch (field.type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'must be a finite number';
    case 'flag':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'date':
      return typeof value === 'string' && isDate(value)
        ? null
        : 'must be a date like 1998-06-12 or a time like 1998-06-12T20:15:00Z';
    case 'keyword':
      if (typeof value !== 'string') return 'must be text';
      if (value === '') return 'must not be empty; leave it out instead';
      return stringProblem(value, limits.fieldStringCharsMax);
  }
}

/**
 * Whether the text is a day that exists, or a time with its zone: without one the meaning would depend on where the
 * server runs.
 */
export function isDate(value: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(T.+(?:Z|[+-]\d{2}:\d{2}))?$/.exec(value);
  if (parts === null || Number.isNaN(dateToMs(value))) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  // Date.parse takes 31 February for 3 March.
  const monthLength = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return day >= 1 && day <= monthLength;
}

function* relationProblems(document: DocumentInput): Generator<DocumentProblem> {
  const count = document.relations.length;
  const countMax = limits.relationsPerDocumentMax;
  if (count > countMax) yield* invalid('relations', `must have at most ${countMax} entries, not ${count}`);
  const seen = new Map<string, number>();
  for (const [index, relation] of document.relations.entries()) {
    const path = `relations[${index}]`;
    yield* oneRelationProblems(path, document.id, relation);
    // One fact: the same type to the same document twice would leave open which strength counts.
    const key = `${relation.type}\0${relation.id}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else yield* invalid(path, `repeats relations[${first}]`);
  }
}

function* oneRelationProblems(path: string, ownId: string, relation: Relation): Generator<DocumentProblem> {
  yield* invalid(`${path}.type`, relationTypeProblem(relation.type));
  yield* invalid(`${path}.id`, relation.id === ownId ? 'is the document itself' : idProblem(relation.id));
  if (!(relation.strength >= 0 && relation.strength <= 1))
    yield* invalid(`${path}.strength`, 'must be a number from 0 to 1');
}

function relationTypeProblem(type: string): string | null {
  if (type === '') return 'must not be empty';
  if (type === similarTo) return similarToRule;
  return stringProblem(type, limits.relationTypeCharsMax);
}

function* embeddingProblems(schema: CatalogueSchema, embedding: Float32Array): Generator<DocumentProblem> {
  const problem = vectorProblem(embedding, schema.embedding.dimension);
  if (problem === null) return;
  const { kind, component, message } = problem;
  const path = component === null ? 'embedding' : `embedding[${component}]`;
  yield { code: kind === 'dimension' ? 'wrong_dimension' : 'invalid_document', path, message };
}
