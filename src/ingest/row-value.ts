import { z } from 'zod';
import type { Relation } from '../domain/document.ts';
import { limits } from '../limits.ts';
import { dayMs, dayOrTime } from '../std/day.ts';
import { vectorFromBase64 } from '../std/vector-base64.ts';
import type { DateUnit } from './schema-file.ts';

/** A row's value in the document's form, or why it has none; `at` points into the value. */
export type Converted<T> = { readonly value: T } | { readonly message: string; readonly at?: string };

/** Text in NFC. Finite numbers are written as text, since ids, titles and tags are often numbers in raw data. */
export function textOf(raw: unknown): Converted<string> {
  if (typeof raw === 'string') return { value: raw.normalize('NFC') };
  if (typeof raw === 'number' && Number.isFinite(raw)) return { value: String(raw) };
  return { message: 'must be text or a number' };
}

/** An id: text byte for byte, as the API takes it, or a whole number that JSON carries without loss. */
export function idOf(raw: unknown): Converted<string> {
  if (typeof raw === 'string') return { value: raw };
  if (typeof raw !== 'number') return { message: 'must be text or a whole number' };
  if (Number.isSafeInteger(raw)) return { value: String(raw) };
  return { message: 'is not a whole number that JSON can carry exactly: write ids like this one as text' };
}

const unitMs: Readonly<Record<DateUnit, number>> = { days: dayMs, seconds: 1_000, milliseconds: 1 };

/** A date as ISO 8601 text: from a number in `unit` since 1970-01-01, or from text, which the schema check reads. */
export function dateOf(raw: unknown, unit: DateUnit | null): Converted<string> {
  if (unit === null) return typeof raw === 'string' ? { value: raw } : { message: 'must be a date as text' };
  if (typeof raw !== 'number' || !Number.isFinite(raw))
    return { message: `must be a number of ${unit} since 1970` };
  const date = new Date(raw * unitMs[unit]);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9_999)) return { message: 'must lie in the years 0 to 9999' };
  return { value: dayOrTime(date.getTime()) };
}

/** A vector: an array of numbers, or `{"b64": "..."}` with little-endian f32. Length and zero are checked later. */
export function vectorOf(raw: unknown): Converted<Float32Array> {
  if (Array.isArray(raw)) {
    if (raw.length > limits.dimensionMax)
      return { message: `must have at most ${limits.dimensionMax} numbers` };
    const wrong = raw.findIndex((value) => typeof value !== 'number' || !Number.isFinite(Math.fround(value)));
    if (wrong >= 0) return { message: 'must be a finite number', at: `[${wrong}]` };
    return { value: Float32Array.from(raw as number[]) };
  }
  const encoded = z.strictObject({ b64: z.string() }).safeParse(raw);
  if (!encoded.success) return { message: 'must be an array of numbers or {"b64": "..."}' };
  const vector = vectorFromBase64(encoded.data.b64);
  if (vector === null || vector.length > limits.dimensionMax)
    return { message: 'must be base64 of little-endian f32', at: '.b64' };
  return { value: vector };
}

const relationSchema = z.strictObject({ type: z.string(), id: z.string(), strength: z.number() });

/** One explicit relation; ranges and lengths are checked with the document. */
export function relationsOf(raw: unknown): Converted<Relation> {
  const parsed = relationSchema.safeParse(raw);
  if (!parsed.success) return { message: 'must be {"type": text, "id": text, "strength": number}' };
  return { value: parsed.data };
}
