import { z } from 'zod';
import type { CatalogueSchema, FieldType } from '../domain/catalogue-schema.ts';
import type { FieldValue } from '../domain/document.ts';
import { isDate } from '../domain/document-check.ts';
import { nothing, type Predicate } from '../domain/predicate.ts';
import { unknownFacet, unknownField } from '../domain/value-check.ts';
import { limits } from '../limits.ts';
import { distinctNfc } from '../std/distinct-nfc.ts';
import { boundsShape, facetValuesSchema, hasBound, nameOfAny, parseBounds, wrongValue } from './bounds.ts';
import { components } from './components.ts';
import { idSchema } from './names.ts';
import type { Problems } from './problems.ts';

const scalar = z.union([z.string().max(limits.fieldStringCharsMax), z.number(), z.boolean()]);

const facetLeaf = z
  .strictObject({ facet: nameOfAny, any: facetValuesSchema.optional(), all: facetValuesSchema.optional() })
  .refine((leaf) => (leaf.any === undefined) !== (leaf.all === undefined), 'needs either any or all');

const fieldLeaf = z
  .strictObject({
    field: nameOfAny,
    ...boundsShape,
    in: z.array(scalar).min(1).max(limits.predicateValuesMax).optional(),
  })
  .refine(
    (leaf) => (leaf.in === undefined) === hasBound(leaf),
    'needs either in or at least one of gte, gt, lte, lt',
  );

const idsLeaf = z.strictObject({ ids: z.array(idSchema).min(1).max(limits.predicateValuesMax) });

export type WirePredicate =
  | { and: WirePredicate[] }
  | { or: WirePredicate[] }
  | { not: WirePredicate }
  | z.output<typeof facetLeaf>
  | z.output<typeof fieldLeaf>
  | z.output<typeof idsLeaf>;

/** The filter tree. Depth and number of terms are checked with the schema of the catalogue, by parsePredicate. */
export const predicateSchema: z.ZodType<WirePredicate, WirePredicate> = z
  .union(
    [
      facetLeaf,
      fieldLeaf,
      idsLeaf,
      z.strictObject({
        get and() {
          return z.array(predicateSchema).min(1).max(limits.predicateTermsMax);
        },
      }),
      z.strictObject({
        get or() {
          return z.array(predicateSchema).min(1).max(limits.predicateTermsMax);
        },
      }),
      z.strictObject({
        get not() {
          return predicateSchema;
        },
      }),
    ],
    { error: 'needs one of and, or, not, facet, field, ids' },
  )
  .meta({
    description:
      `A condition on documents: and, or, not over facet (any, all), field (gte, gt, lte, lt, in) and ids. At most ` +
      `${limits.predicateDepthMax} levels and ${limits.predicateTermsMax} terms. Facet values match exactly (NFC, ` +
      'case-sensitive); a test of a missing value is false, and not turns that round. Dates are ISO 8601 text.',
    examples: [
      {
        and: [
          { facet: 'genres', any: ['Comedy'] },
          { not: { facet: 'tags', all: ['war'] } },
          { field: 'year', gte: 1990, lt: 2000 },
          { or: [{ field: 'language', in: ['en'] }, { ids: ['7'] }] },
        ],
      },
    ],
  })
  .register(components, { id: 'Predicate' });

/** Checks a wire predicate against the catalogue and gives the domain's; what is wrong goes to `problems`. */
export function parsePredicate(
  wire: WirePredicate,
  schema: CatalogueSchema,
  path: string,
  problems: Problems,
): Predicate {
  const parser = new PredicateParser(schema, problems);
  const predicate = parser.parse(wire, path, 1);
  if (parser.terms > limits.predicateTermsMax)
    problems.add('invalid_request', path, `has ${parser.terms} terms, more than ${limits.predicateTermsMax}`);
  return predicate;
}

class PredicateParser {
  terms = 0;
  readonly #schema: CatalogueSchema;
  readonly #problems: Problems;

  constructor(schema: CatalogueSchema, problems: Problems) {
    this.#schema = schema;
    this.#problems = problems;
  }

  parse(wire: WirePredicate, path: string, depth: number): Predicate {
    if (depth > limits.predicateDepthMax) {
      this.#problems.add('invalid_request', path, `is nested deeper than ${limits.predicateDepthMax} levels`);
      return nothing;
    }
    if ('and' in wire) return { kind: 'and', of: this.#all(wire.and, `${path}.and`, depth + 1) };
    if ('or' in wire) return { kind: 'or', of: this.#all(wire.or, `${path}.or`, depth + 1) };
    if ('not' in wire) return { kind: 'not', of: this.parse(wire.not, `${path}.not`, depth + 1) };
    this.terms++;
    if ('ids' in wire) return { kind: 'ids', ids: [...new Set(wire.ids)] };
    if ('facet' in wire) return this.#facet(wire, path);
    return this.#field(wire, path);
  }

  #all(parts: readonly WirePredicate[], path: string, depth: number): Predicate[] {
    return parts.map((part, index) => this.parse(part, `${path}[${index}]`, depth));
  }

  #facet(wire: z.output<typeof facetLeaf>, path: string): Predicate {
    if (!this.#schema.facets.includes(wire.facet)) {
      this.#problems.add('unknown_field', `${path}.facet`, unknownFacet(this.#schema.facets));
      return nothing;
    }
    const match = wire.any === undefined ? 'all' : 'any';
    return { kind: 'facet', facet: wire.facet, match, values: distinctNfc(wire.any ?? wire.all ?? []) };
  }

  #field(wire: z.output<typeof fieldLeaf>, path: string): Predicate {
    const field = Object.hasOwn(this.#schema.fields, wire.field)
      ? this.#schema.fields[wire.field]
      : undefined;
    if (field === undefined) {
      this.#problems.add('unknown_field', `${path}.field`, unknownField(Object.keys(this.#schema.fields)));
      return nothing;
    }
    if (wire.in === undefined) return this.#range(wire, field.type, path);
    const values = wire.in.map((value, i) => this.#value(value, field.type, `${path}.in[${i}]`));
    return { kind: 'in', field: wire.field, values: [...new Set(values)] };
  }

  #range(wire: z.output<typeof fieldLeaf>, type: FieldType, path: string): Predicate {
    if (type === 'keyword' || type === 'flag')
      this.#problems.add('invalid_request', `${path}.field`, `is a ${type}: it has no order, use in`);
    return { kind: 'range', field: wire.field, ...parseBounds(wire, type, path, this.#problems) };
  }

  #value(value: FieldValue, type: FieldType, path: string): FieldValue {
    const fits = {
      number: typeof value === 'number',
      flag: typeof value === 'boolean',
      keyword: typeof value === 'string',
      date: typeof value === 'string' && isDate(value),
    }[type];
    if (!fits) this.#problems.add('invalid_request', path, wrongValue[type]);
    return typeof value === 'string' ? value.normalize('NFC') : value;
  }
}
