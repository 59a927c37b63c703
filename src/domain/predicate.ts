import type { CatalogueSchema } from './catalogue-schema.ts';
import type { DocumentBody, FieldValue } from './document.ts';

/**
 * A condition on documents: a request's `filter`, or a hard rule (domain/rule-predicate.ts). Two-valued logic: a test of
 * a missing or unranked value is false, and `not` negates that. Facet values match exactly (NFC, case-sensitive).
 */
export type Predicate =
  | { readonly kind: 'and'; readonly of: readonly Predicate[] }
  | { readonly kind: 'or'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | {
      readonly kind: 'facet';
      readonly facet: string;
      readonly match: 'any' | 'all';
      readonly values: readonly string[];
    }
  /** Bounds of a number or, as milliseconds since 1970, a date. */
  | {
      readonly kind: 'range';
      readonly field: string;
      readonly gte?: number;
      readonly gt?: number;
      readonly lte?: number;
      readonly lt?: number;
    }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly FieldValue[] }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** The document has a value of the facet, or a value in the field; filters cannot ask this, rules do. */
  | { readonly kind: 'hasFacet'; readonly facet: string }
  | { readonly kind: 'hasField'; readonly field: string };

/** What every document passes, and what none does. */
export const everything: Predicate = { kind: 'and', of: [] };
export const nothing: Predicate = { kind: 'or', of: [] };

/** Milliseconds since 1970 of a wire date (`1998-06-12` or a full ISO 8601 time), NaN if it is none. */
export function dateToMs(value: string): number {
  return /^[+-]?\d{4,6}-\d{2}-\d{2}(T.*)?$/.test(value) ? Date.parse(value) : Number.NaN;
}

/** The document's value of a numeric or date field as a number; NaN where it is missing. */
export function numericValue(schema: CatalogueSchema, document: DocumentBody, field: string): number {
  const value = Object.hasOwn(document.fields, field) ? document.fields[field] : undefined;
  if (value === undefined) return Number.NaN;
  if (schema.fields[field]?.type === 'date') return dateToMs(String(value));
  return typeof value === 'number' ? value : Number.NaN;
}

/** Whether a value lies within the bounds; NaN (missing) lies in none. */
export function inRange(
  value: number,
  bounds: { readonly gte?: number; readonly gt?: number; readonly lte?: number; readonly lt?: number },
): boolean {
  if (Number.isNaN(value)) return false;
  if (bounds.gte !== undefined && value < bounds.gte) return false;
  if (bounds.gt !== undefined && value <= bounds.gt) return false;
  if (bounds.lte !== undefined && value > bounds.lte) return false;
  return bounds.lt === undefined || value < bounds.lt;
}

/**
 * Evaluates a predicate on one document the plain way. This is the definition; the compiled mask program and every
 * store's own filter are tested against it.
 */
export function matches(
  schema: CatalogueSchema,
  document: DocumentBody & { readonly id: string },
  predicate: Predicate,
): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.of.every((part) => matches(schema, document, part));
    case 'or':
      return predicate.of.some((part) => matches(schema, document, part));
    case 'not':
      return !matches(schema, document, predicate.of);
    case 'facet': {
      const own = new Set(
        Object.hasOwn(document.facets, predicate.facet) ? document.facets[predicate.facet] : [],
      );
      if (predicate.match === 'any') return predicate.values.some((value) => own.has(value));
      return predicate.values.every((value) => own.has(value));
    }
    case 'range':
      return inRange(numericValue(schema, document, predicate.field), predicate);
    case 'in': {
      if (!Object.hasOwn(document.fields, predicate.field)) return false;
      if (schema.fields[predicate.field]?.type === 'date') {
        const value = numericValue(schema, document, predicate.field);
        return predicate.values.some((wanted) => dateToMs(String(wanted)) === value);
      }
      return predicate.values.includes(document.fields[predicate.field] as FieldValue);
    }
    case 'ids':
      return predicate.ids.includes(document.id);
    case 'hasFacet':
      return Object.hasOwn(document.facets, predicate.facet) && document.facets[predicate.facet]!.length > 0;
    case 'hasField':
      return hasField(schema, document, predicate.field);
  }
}

function hasField(schema: CatalogueSchema, document: DocumentBody, field: string): boolean {
  const type = schema.fields[field]?.type;
  if (type === 'number' || type === 'date') return !Number.isNaN(numericValue(schema, document, field));
  return Object.hasOwn(document.fields, field) && document.fields[field] !== undefined;
}

/** A text that is equal for predicates that are written alike; used in cache keys. */
export function predicateKey(predicate: Predicate | null): string {
  return predicate === null ? '' : JSON.stringify(predicate);
}
