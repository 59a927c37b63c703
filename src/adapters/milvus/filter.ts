import type { FieldValue } from '../../domain/document.ts';
import { dateToMs, type Predicate } from '../../domain/predicate.ts';
import { limits } from '../../limits.ts';
import type { CollectionLayout, FieldColumn } from './collection-layout.ts';
import { rowKey } from './names.ts';
import { numberLiteral, textLiteral } from './text-literal.ts';

/** A predicate as far as Milvus can answer it. */
export interface PushedFilter {
  /** Passes every document of the tenant that passes the predicate; null: none can pass. */
  readonly expression: string | null;
  /** Why it passes others as well, which are then left out here; null: it passes no others. */
  readonly inexact: string | null;
}

/** A part of a predicate: decided, written, or not expressible for a reason. */
type Part =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'text'; readonly text: string; readonly values: number }
  | { readonly kind: 'left'; readonly reason: string };

const always: Part = { kind: 'always' };
const never: Part = { kind: 'never' };

/**
 * The expression for a tenant's documents that pass. Two-valued as `domain/predicate` defines it: what a document lacks
 * is stored as an empty array or behind a flag, so no comparison is ever unknown. Conditions that have to hold together
 * are pushed one by one, and those that Milvus cannot answer, or not within the bounds, are left out.
 */
export function filterOf(
  layout: CollectionLayout,
  tenant: string,
  predicate: Predicate | null,
): PushedFilter {
  const compiler = new FilterCompiler(layout, tenant);
  const own = `tenant == ${requireLiteral(tenant)}`;
  const pushed = [own];
  let inexact: string | null = null;
  let bytes = own.length;
  let values = 0;
  for (const condition of predicate === null ? [] : conditionsOf(predicate)) {
    const part = compiler.compile(condition);
    if (part.kind === 'never') return { expression: null, inexact: null };
    if (part.kind === 'always') continue;
    if (part.kind === 'left') {
      inexact ??= part.reason;
      continue;
    }
    const size = Buffer.byteLength(part.text) + 7;
    if (bytes + size > limits.milvusFilterBytesMax || values + part.values > limits.milvusFilterValuesMax) {
      inexact ??= 'the filter is too long';
      continue;
    }
    bytes += size;
    values += part.values;
    pushed.push(`(${part.text})`);
  }
  return { expression: pushed.join(' and '), inexact };
}

/** What has to hold together: the operands of nested `and`s. */
function* conditionsOf(predicate: Predicate): Generator<Predicate> {
  if (predicate.kind !== 'and') yield predicate;
  else for (const part of predicate.of) yield* conditionsOf(part);
}

function requireLiteral(text: string): string {
  const literal = textLiteral(text);
  if (literal === null) throw new RangeError('a tenant is called in control characters');
  return literal;
}

class FilterCompiler {
  readonly #layout: CollectionLayout;
  readonly #tenant: string;

  constructor(layout: CollectionLayout, tenant: string) {
    this.#layout = layout;
    this.#tenant = tenant;
  }

  compile(predicate: Predicate): Part {
    switch (predicate.kind) {
      case 'and':
        return this.#all(predicate.of.map((part) => this.compile(part)));
      case 'or':
        return this.#any(predicate.of.map((part) => this.compile(part)));
      case 'not':
        return negated(this.compile(predicate.of));
      case 'facet':
        return this.#facet(predicate);
      case 'range':
        return this.#range(predicate);
      case 'in':
        return this.#in(predicate.field, predicate.values);
      case 'ids':
        return this.#ids(predicate.ids);
      case 'hasFacet':
        return this.#hasFacet(predicate.facet);
      case 'hasField':
        return this.#onField(predicate.field, ({ present }) => written(`${present} == true`));
    }
  }

  #all(parts: readonly Part[]): Part {
    if (parts.some(({ kind }) => kind === 'never')) return never;
    return joined(
      parts.filter(({ kind }) => kind !== 'always'),
      ' and ',
      always,
    );
  }

  #any(parts: readonly Part[]): Part {
    if (parts.some(({ kind }) => kind === 'always')) return always;
    return joined(
      parts.filter(({ kind }) => kind !== 'never'),
      ' or ',
      never,
    );
  }

  #facet({ facet, match, values }: Extract<Predicate, { kind: 'facet' }>): Part {
    if (values.length === 0) return match === 'all' ? always : never;
    const column = this.#layout.facets.get(facet);
    if (column === undefined) return this.#unknown(`facet ${facet}`);
    const wanted = [...new Set(values)].map(textLiteral);
    if (wanted.includes(null)) return { kind: 'left', reason: 'a value has control characters' };
    const [first] = wanted;
    if (wanted.length === 1) return written(`array_contains(${column.column}, ${first})`);
    return written(`array_contains_${match}(${column.column}, [${wanted.join(',')}])`, wanted.length);
  }

  #hasFacet(facet: string): Part {
    const column = this.#layout.facets.get(facet);
    if (column === undefined) return this.#unknown(`facet ${facet}`);
    // Milvus before 2.4 compares lengths for equality alone.
    return written(`array_length(${column.column}) != 0`);
  }

  #range(range: Extract<Predicate, { kind: 'range' }>): Part {
    return this.#onField(range.field, ({ kind, column, present }) => {
      if (kind !== 'number' && kind !== 'date') return never;
      const bounds = [
        bound(column, '>=', range.gte),
        bound(column, '>', range.gt),
        bound(column, '<=', range.lte),
        bound(column, '<', range.lt),
      ];
      return this.#all([written(`${present} == true`), ...bounds]);
    });
  }

  #in(name: string, values: readonly FieldValue[]): Part {
    return this.#onField(name, (field) => {
      const wanted = literalsOf(field, values);
      if (wanted === null) return { kind: 'left', reason: 'a value has control characters' };
      if (wanted.length === 0) return never;
      const { column, present } = field;
      const [first] = wanted;
      const one = wanted.length === 1 || field.kind === 'flag';
      // Both values of a flag: any value will do.
      if (one && wanted.length > 1) return written(`${present} == true`);
      const test = one ? `${column} == ${first}` : `${column} in [${wanted.join(',')}]`;
      return written(`${present} == true and ${test}`, wanted.length);
    });
  }

  #ids(ids: readonly string[]): Part {
    const keys = [...new Set(ids)].map((id) => `"${rowKey(this.#tenant, id)}"`);
    return keys.length === 0 ? never : written(`pk in [${keys.join(',')}]`, keys.length);
  }

  #onField(name: string, write: (field: FieldColumn) => Part): Part {
    const field = this.#layout.fields.get(name);
    return field === undefined ? this.#unknown(`field ${name}`) : write(field);
  }

  /** What the schema does not have no document has. */
  #unknown(what: string): Part {
    if (!this.#layout.leftOut.has(what)) return never;
    return { kind: 'left', reason: `${what} is not kept in Milvus` };
  }
}

function written(text: string, values = 1): Part {
  return { kind: 'text', text, values };
}

function joined(parts: readonly Part[], by: string, none: Part): Part {
  const texts: string[] = [];
  let values = 0;
  for (const part of parts) {
    if (part.kind === 'left') return part;
    if (part.kind !== 'text') continue;
    texts.push(`(${part.text})`);
    values += part.values;
  }
  return texts.length === 0 ? none : written(texts.join(by), values);
}

function negated(part: Part): Part {
  switch (part.kind) {
    case 'always':
      return never;
    case 'never':
      return always;
    case 'text':
      return written(`not (${part.text})`, part.values);
    case 'left':
      return part;
  }
}

/** A bound that is not given, or is no number, holds nothing back; values are finite. */
function bound(column: string, comparison: '>=' | '>' | '<=' | '<', limit: number | undefined): Part {
  if (limit === undefined || Number.isNaN(limit)) return always;
  if (Number.isFinite(limit)) return written(`${column} ${comparison} ${numberLiteral(limit)}`);
  return limit > 0 === comparison.startsWith('<') ? always : never;
}

/** The distinct values that a field of that kind can have; null: one of them cannot be written. */
function literalsOf(field: FieldColumn, values: readonly FieldValue[]): readonly string[] | null {
  const literals = new Set<string>();
  for (const value of values) {
    const literal = literalOf(field, value);
    if (literal === null) return null;
    if (literal !== undefined) literals.add(literal);
  }
  return [...literals];
}

/** undefined: no document has that value in that field. */
function literalOf({ kind }: FieldColumn, value: FieldValue): string | null | undefined {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? numberLiteral(value) : undefined;
    case 'date': {
      const ms = dateToMs(String(value));
      return Number.isNaN(ms) ? undefined : numberLiteral(ms);
    }
    case 'keyword':
      return typeof value === 'string' ? textLiteral(value) : undefined;
    case 'flag':
      return typeof value === 'boolean' ? String(value) : undefined;
  }
}
