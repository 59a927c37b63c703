import { z } from 'zod';
import { namePattern, nameRule } from '../../domain/names.ts';
import { scopes } from '../../domain/scope.ts';
import { type FieldProblem, TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { jsonPath } from '../../std/json-path.ts';
import { keyIdPattern, keyIdRule } from './api-key.ts';

const rateMin = 1 / limits.keyRateSecondsMax;

/** One key as the file has it. Without `expires`, or with null, it is good until it is taken out. */
export const keyEntrySchema = z.strictObject({
  id: z.string().regex(keyIdPattern, keyIdRule),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, in lower case'),
  tenant: z.string().regex(namePattern, nameRule),
  scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
  expires: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'must be a date (2027-01-01: until it begins, in UTC), a time with its zone, or null',
    })
    .nullish(),
  rate_per_second: z.number().min(rateMin).max(limits.keyRatePerSecondMax).optional(),
  burst: z.int().min(0).max(limits.keyRatePerSecondMax).optional(),
});

export type KeyEntry = z.output<typeof keyEntrySchema>;

const documentSchema = z.strictObject({ keys: z.array(keyEntrySchema).max(limits.apiKeysMax) });

/**
 * The keys in the text of a keys file; `shown` names the file in messages.
 * @throws TriptychError invalid_settings with the path of everything that is wrong
 */
export function parseKeysFile(text: string, shown: string): readonly KeyEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may hold a key put there by mistake.
    throw invalidKeys(shown, [{ path: '$', message: 'is not valid JSON' }]);
  }
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) throw invalidKeys(shown, parsed.error.issues.flatMap(issueProblems));
  const problems = duplicates(parsed.data.keys);
  if (problems.length > 0) throw invalidKeys(shown, problems);
  return parsed.data.keys;
}

function issueProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: jsonPath(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({
    path: jsonPath([...issue.path, key]),
    message: 'is not a known member',
  }));
}

function duplicates(keys: readonly KeyEntry[]): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const member of ['id', 'sha256'] as const) {
    const seen = new Map<string, number>();
    keys.forEach((key, index) => {
      const first = seen.get(key[member]);
      if (first === undefined) seen.set(key[member], index);
      else
        problems.push({ path: jsonPath(['keys', index, member]), message: `is that of keys[${first}] too` });
    });
  }
  return problems;
}

export function invalidKeys(shown: string, problems: readonly FieldProblem[]): TriptychError {
  const fields = problems.slice(0, limits.errorFieldsMax).map(({ path, message }) => ({
    path: path === '$' ? shown : `${path} (in ${shown})`,
    message,
  }));
  const list = fields.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new TriptychError('invalid_settings', `The keys file is not valid: ${list}`, { fields });
}
