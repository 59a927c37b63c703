import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { DocumentBody, FieldValue } from '../../domain/document.ts';
import { dateToMs, numericValue, type Predicate } from '../../domain/predicate.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { textProblem } from '../../std/clean-text.ts';
import type { SqlParameter } from './sql-client.ts';

/** What predicates ask of a document, as it is stored: `f` facets, `v` fields, dates as milliseconds since 1970. */
export interface Conditions {
  readonly f: DocumentBody['facets'];
  readonly v: Readonly<Record<string, FieldValue>>;
}

export function conditionsOf(schema: CatalogueSchema, document: DocumentBody): Conditions {
  const values = Object.entries(document.fields).flatMap(([field, value]): [string, FieldValue][] => {
    if (!isDate(schema, field)) return [[field, value]];
    const ms = numericValue(schema, document, field);
    return Number.isNaN(ms) ? [] : [[field, ms]];
  });
  return { f: document.facets, v: Object.fromEntries(values) };
}

function isDate(schema: CatalogueSchema, field: string): boolean {
  return Object.hasOwn(schema.fields, field) && schema.fields[field]!.type === 'date';
}

/**
 * A predicate as SQL over the row `d` of a document, true exactly where `matches` of domain/predicate.ts is and never
 * null. Names and values are parameters, added to the given ones; nothing of the predicate becomes part of the text.
 * @throws TriptychError invalid_request beyond limits.sqlConditionParametersMax
 */
export function predicateSql(
  schema: CatalogueSchema,
  predicate: Predicate,
  parameters: SqlParameter[],
): string {
  const bind = (value: SqlParameter, type: string): string => {
    if (parameters.push(value) > limits.sqlConditionParametersMax)
      throw new TriptychError('invalid_request', 'the conditions have too many parts to be pushed down');
    return `$${parameters.length}::${type}`;
  };
  const compile = (node: Predicate): string => {
    switch (node.kind) {
      case 'and':
        return node.of.length === 0 ? 'true' : `(${node.of.map(compile).join(' AND ')})`;
      case 'or':
        return node.of.length === 0 ? 'false' : `(${node.of.map(compile).join(' OR ')})`;
      case 'not':
        return `NOT ${compile(node.of)}`;
      case 'ids':
        return `(d.id = ANY (${bind(node.ids.filter(isStorable), 'text[]')}))`;
      case 'facet':
        return facetSql(node, bind);
      case 'hasFacet':
        return orFalse(
          node.facet,
          () => `jsonb_array_length(d.conditions -> 'f' -> ${bind(node.facet, 'text')}) > 0`,
        );
      case 'range':
        return rangeSql(node, bind);
      case 'in':
        return inSql(schema, node, bind);
      case 'hasField':
        return orFalse(node.field, () => hasFieldSql(schema, node.field, bind));
    }
  };
  return compile(predicate);
}

type Bind = (value: SqlParameter, type: string) => string;

/** A test that is null where something is missing; a name that cannot be stored is missing everywhere. */
function orFalse(name: string, test: () => string): string {
  return isStorable(name) ? `coalesce(${test()}, false)` : 'false';
}

function isStorable(text: string): boolean {
  return textProblem(text) === null;
}

function facetSql({ facet, match, values }: Predicate & { readonly kind: 'facet' }, bind: Bind): string {
  if (match === 'all' && values.length === 0) return 'true';
  const known = values.filter(isStorable);
  if (match === 'all' && known.length < values.length) return 'false';
  const test = match === 'any' ? 'jsonb_exists_any' : 'jsonb_exists_all';
  return orFalse(
    facet,
    () => `${test}(d.conditions -> 'f' -> ${bind(facet, 'text')}, ${bind(known, 'text[]')})`,
  );
}

function rangeSql(node: Predicate & { readonly kind: 'range' }, bind: Bind): string {
  return orFalse(node.field, () => {
    const value = `(d.conditions -> 'v' -> ${bind(node.field, 'text')})`;
    const tests = (['gte', 'gt', 'lte', 'lt'] as const).flatMap((bound) => {
      const limit = node[bound];
      return limit === undefined || Number.isNaN(limit)
        ? []
        : [`${value}::double precision ${operators[bound]} ${bind(limit, 'double precision')}`];
    });
    return `CASE WHEN jsonb_typeof(${value}) = 'number' THEN ${['true', ...tests].join(' AND ')} ELSE false END`;
  });
}

const operators = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

function inSql(
  schema: CatalogueSchema,
  { field, values }: Predicate & { readonly kind: 'in' },
  bind: Bind,
): string {
  const comparable = isDate(schema, field)
    ? values.map((value) => dateToMs(String(value))).filter((ms) => !Number.isNaN(ms))
    : values.filter((value) => typeof value !== 'string' || isStorable(value));
  // An array contains a primitive that is one of its elements.
  return orFalse(
    field,
    () => `${bind(JSON.stringify(comparable), 'jsonb')} @> (d.conditions -> 'v' -> ${bind(field, 'text')})`,
  );
}

function hasFieldSql(schema: CatalogueSchema, field: string, bind: Bind): string {
  const value = `d.conditions -> 'v' -> ${bind(field, 'text')}`;
  const type = Object.hasOwn(schema.fields, field) ? schema.fields[field]!.type : undefined;
  return type === 'number' || type === 'date'
    ? `jsonb_typeof(${value}) = 'number'`
    : `(${value}) IS NOT NULL`;
}
