import type { z } from 'zod';
import { type ErrorCode, type FieldProblem, TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';
import { noForm, plainMessage, required } from './plain-message.ts';

/** Collects what is wrong with one input, so that a client learns all of it at once (limits.errorFieldsMax). */
export class Problems {
  readonly #fields: FieldProblem[] = [];
  #code: ErrorCode | null = null;

  /** The first problem's code becomes the error's. */
  add(code: ErrorCode, path: string, message: string): void {
    this.#code ??= code;
    if (this.#fields.length < limits.errorFieldsMax) this.#fields.push({ path, message });
  }

  get any(): boolean {
    return this.#code !== null;
  }

  /** @throws TriptychError when a problem was added */
  throwIfAny(): void {
    if (this.#code === null) return;
    const first = this.#fields[0]!;
    throw new TriptychError(this.#code, `${first.path}: ${first.message}`, { fields: this.#fields });
  }
}

/**
 * An error about one part of a body, with its field paths (and the one its message begins with) as they are in the whole:
 * `like[0]` under `searches[3]` becomes `searches[3].like[0]`. Errors that are not ours stay as they are.
 */
export function withPathsUnder(root: string, error: unknown): unknown {
  if (!(error instanceof TriptychError) || error.fields.length === 0) return error;
  const under = (path: string) => {
    if (path === '$') return root;
    return path.startsWith('[') ? `${root}${path}` : `${root}.${path}`;
  };
  const first = error.fields[0]!.path;
  const message = error.message.startsWith(`${first}: `)
    ? under(first) + error.message.slice(first.length)
    : error.message;
  return new TriptychError(error.code, message, {
    cause: error.cause,
    fields: error.fields.map(({ path, message: problem }) => ({ path: under(path), message: problem })),
    members: error.members,
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  });
}

/**
 * Parses with a zod schema; what it has no words for is said as plain-message.ts does.
 * @throws TriptychError `code` with one field problem per issue, paths starting at `root`
 */
export function parseWith<S extends z.ZodType>(
  schema: S,
  input: unknown,
  code: ErrorCode = 'invalid_request',
  root = '',
): z.output<S> {
  const parsed = schema.safeParse(input, { error: plainMessage });
  if (parsed.success) return parsed.data;
  const problems = new Problems();
  for (const issue of parsed.error.issues) addIssue(issue, [], code, root, problems);
  problems.throwIfAny();
  throw new TriptychError(code, 'does not match the schema', {
    fields: [{ path: jsonPath([], root), message: 'does not match the schema' }],
  });
}

function addIssue(
  issue: z.core.$ZodIssue,
  parents: readonly PropertyKey[],
  code: ErrorCode,
  root: string,
  problems: Problems,
): void {
  const path = [...parents, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branch = closestBranch(issue.errors);
    const types = otherTypes(issue.errors);
    if (types !== null) problems.add(code, jsonPath(path, root), types);
    else if (issue.message !== noForm && branch.some(isMissingMember))
      problems.add(code, jsonPath(path, root), issue.message);
    else for (const inner of branch) addIssue(inner, path, code, root, problems);
  } else if (issue.code === 'invalid_key') {
    for (const inner of issue.issues) problems.add(code, jsonPath(path, root), inner.message);
  } else if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) problems.add(code, jsonPath([...path, key], root), 'is not a known member');
  } else problems.add(code, jsonPath(path, root), issue.message);
}

/** A union with a message of its own says it where not even the member is there that tells its branches apart. */
function isMissingMember(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 1 && issue.code === 'invalid_type' && issue.message === required;
}

const must = 'must be ';

/** Where no branch is even of the value's type: all the types that there are. null: one is. */
function otherTypes(branches: readonly z.core.$ZodIssue[][]): string | null {
  const types = new Set<string>();
  for (const [issue] of branches) {
    if (issue?.code !== 'invalid_type' || issue.path.length > 0 || !issue.message.startsWith(must))
      return null;
    types.add(issue.message.slice(must.length));
  }
  return `${must}${[...types].join(' or ')}`;
}

/** Of a union's branches the one whose shape the input resembles most: fewest unknown and missing members. */
function closestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] {
  let best = branches[0]!;
  for (const branch of branches) if (mismatch(branch) < mismatch(best)) best = branch;
  return best;
}

function mismatch(issues: readonly z.core.$ZodIssue[]): number {
  let sum = 0;
  for (const issue of issues) {
    if (issue.path.length === 0 && issue.code === 'invalid_type') sum += 1_000;
    else if (issue.path.length === 0 && issue.code === 'unrecognized_keys') sum += issue.keys.length * 10;
    else if (issue.path.length === 1) sum += 2;
    else sum += 1;
  }
  return sum;
}
