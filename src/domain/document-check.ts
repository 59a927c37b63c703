import type { FieldProblem } from '../errors.ts';
import { limits } from '../limits.ts';
import { textProblem } from '../std/clean-text.ts';
import type { CatalogueSchema, FieldSchema } from './catalogue-schema.ts';
import type { DocumentBody, FieldValue, Relation } from './document.ts';
import { dateToMs } from './predicate.ts';

/** A document before it is embedded; `embedding` null: the service embeds the catalogue's text. */
export interface CheckableDocument extends DocumentBody {
  readonly id: string;
  readonly embedding: Float32Array | null;
}

/**
 * What is wrong with a document that has the right shape: names the schema does not know, wrong types, lengths, dates
 * that do not exist, numbers that are not finite, a vector that cannot be used. Empty when it may be stored. At most
 * limits.errorFieldsMax problems, each with its path (`facets.genres[2]`). Wire and ingest share it.
 */
export function documentProblems(schema: CatalogueSchema, document: CheckableDocument): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const problem of allProblems(schema, document)) {
    problems.push(problem);
    if (problems.length >= limits.errorFieldsMax) break;
  }
  return problems;
}

function* allProblems(schema: CatalogueSchema, document: CheckableDocument): Generator<FieldProblem> {
  yield* idProblems('id', document.id);
  if (document.title === '') yield { path: 'title', message: 'must not be empty' };
  yield* stringProblems('title', document.title, limits.titleCharsMax);
  yield* stringProblems('text', document.text, limits.textCharsMax);
  yield* facetProblems(schema, document);
  yield* fieldProblems(schema, document);
  yield* relationProblems(document);
  if (document.embedding !== null) yield* embeddingProblems(schema, document.embedding);
}

function* stringProblems(path: string, value: string, charsMax: number): Generator<FieldProblem> {
  if (value.length > charsMax)
    yield { path, message: `must have at most ${charsMax} characters, not ${value.length}` };
  const problem = textProblem(value);
  if (problem !== null) yield { path, message: problem };
}

function* idProblems(path: string, id: string): Generator<FieldProblem> {
  if (id === '') yield { path, message: 'must not be empty' };
  yield* stringProblems(path, id, limits.idCharsMax);
  // Control characters would break logs; URLs drop dots that stand alone.
  if (/^\.{1,2}$|\p{Cc}/u.test(id))
    yield { path, message: 'must not contain control characters, nor be "." or ".."' };
}

function* facetProblems(schema: CatalogueSchema, document: DocumentBody): Generator<FieldProblem> {
  let count = 0;
  for (const [facet, values] of Object.entries(document.facets)) {
    const path = `facets.${facet}`;
    if (!schema.facets.includes(facet)) {
      yield { path, message: `is not a facet of the catalogue${knownNames(schema.facets)}` };
      continue;
    }
    count += values.length;
    for (const [index, value] of values.entries()) {
      if (value === '') yield { path: `${path}[${index}]`, message: 'must not be empty' };
      yield* stringProblems(`${path}[${index}]`, value, limits.facetValueCharsMax);
    }
  }
  if (count > limits.facetValuesPerDocumentMax)
    yield {
      path: 'facets',
      message: `must have at most ${limits.facetValuesPerDocumentMax} values in all, not ${count}`,
    };
}

function* fieldProblems(schema: CatalogueSchema, document: DocumentBody): Generator<FieldProblem> {
  for (const [name, value] of Object.entries(document.fields)) {
    const path = `fields.${name}`;
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined)
      yield { path, message: `is not a field of the catalogue${knownNames(Object.keys(schema.fields))}` };
    else yield* fieldValueProblems(path, field, value);
  }
}

function* fieldValueProblems(path: string, field: FieldSchema, value: FieldValue): Generator<FieldProblem> {
  switch (field.type) {
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value))
        yield { path, message: 'must be a finite number' };
      return;
    case 'flag':
      if (typeof value !== 'boolean') yield { path, message: 'must be true or false' };
      return;
    case 'date':
      if (typeof value !== 'string' || !isDate(value))
        yield { path, message: 'must be a date like 1998-06-12 or a time like 1998-06-12T20:15:00Z' };
      return;
    case 'keyword':
      if (typeof value !== 'string') yield { path, message: 'must be text' };
      else if (value === '') yield { path, message: 'must not be empty; leave it out instead' };
      else yield* stringProblems(path, value, limits.fieldStringCharsMax);
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

function* relationProblems(document: CheckableDocument): Generator<FieldProblem> {
  const count = document.relations.length;
  if (count > limits.relationsPerDocumentMax)
    yield {
      path: 'relations',
      message: `must have at most ${limits.relationsPerDocumentMax} entries, not ${count}`,
    };
  const seen = new Set<string>();
  for (const [index, relation] of document.relations.entries()) {
    const path = `relations[${index}]`;
    yield* oneRelationProblems(path, document.id, relation);
    // One fact: the same type to the same document twice would leave open which strength counts.
    const key = `${relation.type}\0${relation.id}`;
    if (seen.has(key)) yield { path, message: 'repeats an earlier relation' };
    seen.add(key);
  }
}

function* oneRelationProblems(path: string, ownId: string, relation: Relation): Generator<FieldProblem> {
  if (relation.type === '') yield { path: `${path}.type`, message: 'must not be empty' };
  if (relation.type === 'SIMILAR_TO')
    yield { path: `${path}.type`, message: 'is computed by the service and cannot be given' };
  yield* stringProblems(`${path}.type`, relation.type, limits.relationTypeCharsMax);
  yield* idProblems(`${path}.id`, relation.id);
  if (relation.id === ownId) yield { path: `${path}.id`, message: 'is the document itself' };
  if (!(relation.strength >= 0 && relation.strength <= 1))
    yield { path: `${path}.strength`, message: 'must be a number from 0 to 1' };
}

function* embeddingProblems(schema: CatalogueSchema, embedding: Float32Array): Generator<FieldProblem> {
  const path = 'embedding';
  const { dimension } = schema.embedding;
  if (embedding.length !== dimension) {
    yield { path, message: `must have ${dimension} numbers, not ${embedding.length}` };
    return;
  }
  const wrong = embedding.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) yield { path: `${path}[${wrong}]`, message: 'must be a finite number' };
  else if (embedding.every((value) => value === 0)) yield { path, message: 'must not be the zero vector' };
}

function knownNames(names: readonly string[]): string {
  if (names.length === 0) return '';
  return ` (${names.slice(0, 10).join(', ')}${names.length > 10 ? ', ...' : ''})`;
}
