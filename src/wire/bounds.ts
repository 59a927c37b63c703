import { z } from 'zod';
import type { FieldType } from '../domain/catalogue-schema.ts';
import { isDate } from '../domain/document-check.ts';
import { dateToMs } from '../domain/predicate.ts';
import { limits } from '../limits.ts';
import { dayOrTime } from '../std/day.ts';
import type { Problems } from './problems.ts';

/** What filters and rules write alike: names, facet values and bounds of a field. */
export const nameOfAny = z.string().min(1).max(limits.nameCharsMax);
export const facetValueSchema = z.string().min(1).max(limits.facetValueCharsMax);
export const facetValuesSchema = z.array(facetValueSchema).min(1).max(limits.predicateValuesMax);

const bound = z.union([z.number(), z.string().max(64)]).optional();
export const boundsShape = { gte: bound, gt: bound, lte: bound, lt: bound };

const names = ['gte', 'gt', 'lte', 'lt'] as const;

export type WireBounds = { readonly [Name in (typeof names)[number]]?: number | string | undefined };

/** Bounds of the domain: numbers, dates as milliseconds since 1970. */
export type Bounds = { readonly [Name in (typeof names)[number]]?: number };

export function hasBound(wire: WireBounds): boolean {
  return names.some((name) => wire[name] !== undefined);
}

/** Wire bounds of a field as numbers; what does not fit the field's type goes to `problems` and counts as 0. */
export function parseBounds(wire: WireBounds, type: FieldType, path: string, problems: Problems): Bounds {
  const given = names.filter((name) => wire[name] !== undefined);
  return Object.fromEntries(
    given.map((name) => [name, parseBound(wire[name]!, type, `${path}.${name}`, problems)]),
  );
}

function parseBound(value: number | string, type: FieldType, path: string, problems: Problems): number {
  if (type === 'date') {
    if (typeof value === 'string' && isDate(value)) return dateToMs(value);
    problems.add('invalid_request', path, wrongValue.date);
  } else if (typeof value === 'number') return value;
  else if (type === 'number') problems.add('invalid_request', path, wrongValue.number);
  return 0;
}

export function boundsToWire(bounds: Bounds, type: FieldType): WireBounds {
  const given = names.filter((name) => bounds[name] !== undefined);
  return Object.fromEntries(
    given.map((name) => [name, type === 'date' ? dayOrTime(bounds[name]!) : bounds[name]!]),
  );
}

/** What to say when a value does not have its field's type. */
export const wrongValue: Readonly<Record<FieldType, string>> = {
  number: 'must be a number',
  date: 'must be a date like 1998-06-12 or a time like 1998-06-12T20:15:00Z',
  keyword: 'must be text',
  flag: 'must be true or false',
};
