import type { DocumentInput, FieldValue, Relation } from '../domain/document.ts';
import { documentProblems } from '../domain/document-check.ts';
import type { FieldProblem } from '../errors.ts';
import { limits } from '../limits.ts';
import { slug } from '../std/slug.ts';
import { type MemberPath, readMember } from './member-path.ts';
import { type Converted, dateOf, idOf, relationsOf, textOf, vectorOf } from './row-value.ts';
import type { RowLayout, SchemaFile } from './schema-file.ts';

/** A row became a document, or is refused with every reason and its path in the row. */
export type MappedRow = { readonly document: DocumentInput } | { readonly reject: readonly FieldProblem[] };

/** Turns a parsed row of any shape into a checked document; never throws. */
export type RowMapping = (row: unknown) => MappedRow;

/** The mapping of a schema file. The same row always gives the same document. */
export function rowMapping({ schema, layout }: SchemaFile): RowMapping {
  return (row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      return { reject: [{ path: '$', message: 'must be a JSON object' }] };
    const reader = new RowReader(row);
    const document = reader.document(layout);
    if (document === null) return { reject: reader.problems };
    const problems = documentProblems(schema, document);
    return problems.length > 0 ? { reject: problems } : { document };
  };
}

/** Reads one row and collects what is wrong with it. */
class RowReader {
  readonly problems: FieldProblem[] = [];
  readonly #row: unknown;

  constructor(row: unknown) {
    this.#row = row;
  }

  document(layout: RowLayout): DocumentInput | null {
    const document = {
      id: this.#id(layout.id),
      title: this.#required('title', layout.title),
      text: this.#text(layout.text),
      facets: Object.fromEntries(
        layout.facets
          .map(({ name, from }) => [name, this.#facet(from)] as const)
          .filter(([, own]) => own.length > 0),
      ),
      fields: this.#fields(layout),
      relations: this.#relations(layout.relations),
      embedding: layout.embedding === null ? null : (this.#one(layout.embedding, vectorOf) ?? null),
    };
    return this.problems.length > 0 ? null : document;
  }

  #id(paths: readonly MemberPath[]): string {
    const [only] = paths;
    if (paths.length === 1 && only !== undefined) return this.#required('id', only, idOf);
    const parts = paths.map((path) => slug(this.#one(path, textOf) ?? '')).filter((part) => part !== '');
    const id = parts.join('-');
    if (id === '' && this.problems.length === 0)
      this.#add('id', `has no letters or digits in ${paths.map(({ text }) => text).join(', ')}`);
    return id;
  }

  #required(part: string, path: MemberPath, convert = textOf): string {
    const before = this.problems.length;
    const value = this.#one(path, convert);
    if ((value === undefined || value === '') && this.problems.length === before)
      this.#add(path.text, `is missing: every row needs it as the ${part}`);
    return value ?? '';
  }

  #text(paths: readonly MemberPath[]): string {
    return paths
      .flatMap((path) => this.#all(path, limits.facetValuesPerDocumentMax, textOf))
      .filter((part) => part !== '')
      .join(' ');
  }

  /** An array, or a single value; empty and repeated values count as missing. */
  #facet(path: MemberPath): string[] {
    const values = this.#all(path, limits.facetValuesPerDocumentMax, textOf, true);
    return [...new Set(values.filter((value) => value.trim() !== ''))];
  }

  #fields(layout: RowLayout): Record<string, FieldValue> {
    const fields: [string, FieldValue][] = [];
    for (const { name, type, from, unit } of layout.fields) {
      const value = this.#one<FieldValue>(from, (raw) => {
        if (type === 'date') return dateOf(raw, unit);
        if (type === 'keyword') return textOf(raw);
        return isPlain(raw) ? { value: raw } : { message: `must be a ${type}` };
      });
      if (value !== undefined && value !== '') fields.push([name, value]);
    }
    return Object.fromEntries(fields);
  }

  #relations(path: MemberPath | null): readonly Relation[] {
    return path === null ? [] : this.#all(path, limits.relationsPerDocumentMax, relationsOf, true);
  }

  #one<T>(path: MemberPath, convert: (raw: unknown) => Converted<T>): T | undefined {
    return this.#all(path, 1, convert)[0];
  }

  #all<T>(path: MemberPath, valuesMax: number, convert: (raw: unknown) => Converted<T>, spread = false): T[] {
    const { found, wrong } = readMember(this.#row, path, valuesMax);
    for (const { path: at, message } of wrong) this.#add(at, message);
    const places = spread ? found.flatMap((place) => spreadArray(place.path, place.value)) : found;
    if (places.length > valuesMax) {
      this.#add(path.text, `must have at most ${valuesMax} values`);
      return [];
    }
    return places.flatMap((place) => {
      const converted = convert(place.value);
      if ('value' in converted) return [converted.value];
      this.#add(`${place.path}${converted.at ?? ''}`, converted.message);
      return [];
    });
  }

  #add(path: string, message: string): void {
    if (this.problems.length < limits.errorFieldsMax) this.problems.push({ path, message });
  }
}

function spreadArray(path: string, value: unknown): { path: string; value: unknown }[] {
  if (!Array.isArray(value)) return [{ path, value }];
  return value.flatMap((entry: unknown, index) =>
    entry === null ? [] : [{ path: `${path}[${index}]`, value: entry }],
  );
}

function isPlain(value: unknown): value is number | boolean | string {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
}
