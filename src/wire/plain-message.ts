import type { z } from 'zod';

/** What is said of a value that has to be there and is not. */
export const required = 'is required';
/** What is said of a value that has none of several forms, where the schema has no words for it. */
export const noForm = 'has none of the forms that are allowed here';

/** Types by the names that zod has for them. */
const types: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  tuple: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** What a length counts. */
const units: Readonly<Record<string, string>> = {
  string: 'characters',
  array: 'items',
  record: 'members',
  object: 'members',
};

/**
 * What is wrong with a value, in the words of every other message of the service: zod's own name its types and bounds. The
 * words that a schema has for itself win over these.
 */
export function plainMessage(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return required;
      if (issue.expected === 'number' && typeof issue.input === 'number') return 'must be a finite number';
      return `must be ${types[issue.expected as string] ?? `of type ${issue.expected}`}`;
    case 'invalid_value':
      return valuesMessage(issue.values as readonly unknown[]);
    case 'too_big':
      return boundMessage(issue, 'at most', 'less than', issue.maximum);
    case 'too_small':
      return boundMessage(issue, 'at least', 'more than', issue.minimum);
    case 'invalid_format':
      return issue.format === 'regex'
        ? 'has characters that are not allowed here'
        : `must be a valid ${issue.format}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'has members that are not known';
    case 'invalid_key':
      return 'has a name that is not allowed here';
    case 'invalid_union':
      return noForm;
    default:
      return 'is not valid';
  }
}

function valuesMessage(values: readonly unknown[]): string {
  const listed = values.map((value) => JSON.stringify(value)).join(', ');
  return values.length === 1 ? `must be ${listed}` : `must be one of ${listed}`;
}

function boundMessage(
  {
    origin,
    exact,
    inclusive,
  }: { readonly origin?: unknown; readonly exact?: unknown; readonly inclusive?: unknown },
  within: string,
  beyond: string,
  bound: unknown,
): string {
  const unit = units[String(origin)];
  const most = exact === true ? 'exactly' : inclusive === false ? beyond : within;
  if (unit === undefined) return `must be ${most} ${bound}`;
  if (within === 'at least' && bound === 1 && exact !== true) return 'must not be empty';
  return `must have ${most} ${bound} ${bound === 1 ? unit.slice(0, -1) : unit}`;
}
