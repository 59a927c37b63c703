import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { textProblem } from '../std/clean-text.ts';
import { jsonPath } from '../std/json-path.ts';
import { duplicateMember, endOfString } from './duplicate-members.ts';
import { Problems } from './problems.ts';

/**
 * JSON text from outside to a value that every later step may trust: nested at most limits.jsonDepthMax deep (checked
 * before JSON.parse, whose result could otherwise overflow whatever walks it), no NUL, no lone surrogate, no number
 * that became Infinity, no member `__proto__`, no object with two members of one name. `what` is what an error calls the text.
 * @throws TriptychError invalid_json | invalid_request, with paths
 */
export function parseJson(text: string, what: 'body' | 'line' = 'body'): unknown {
  if (isDeeperThan(text, limits.jsonDepthMax))
    throw invalid(what, 'invalid_request', `is nested deeper than ${limits.jsonDepthMax} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(what, 'invalid_json', text.trim() === '' ? 'is empty' : syntaxProblem(error));
  }
  const problems = new Problems();
  const seen = { members: 0 };
  guard(value, [], problems, seen);
  const twice = duplicateMember(text, seen.members);
  if (twice !== null) report('is there more than once', twice, problems);
  problems.throwIfAny();
  return value;
}

/** As parseJson, from bytes that must be UTF-8. */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('body', 'invalid_json', 'is not valid UTF-8');
  }
  return parseJson(text);
}

function invalid(
  what: 'body' | 'line',
  code: 'invalid_json' | 'invalid_request',
  message: string,
): TriptychError {
  return new TriptychError(code, `the ${what} ${message}`, { fields: [{ path: '$', message }] });
}

/** V8's message quotes the input; only the position is worth repeating. */
function syntaxProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `is not valid JSON at character ${position}`;
  return message.startsWith('Unexpected end') ? 'ends too early' : 'is not valid JSON';
}

const quote = 0x22;

/** Counts brackets outside strings; it need not be valid JSON. */
function isDeeperThan(text: string, depthMax: number): boolean {
  // Text with few brackets cannot be deep, and most is a long vector: native search passes over that.
  if (count(text, '[', depthMax) + count(text, '{', depthMax) <= depthMax) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = endOfString(text, at + 1);
    // [ and { are 0x5b and 0x7b, ] and } are 0x5d and 0x7d.
    else if ((unit & 0xdf) === 0x5b) {
      depth++;
      if (depth > depthMax) return true;
    } else if ((unit & 0xdf) === 0x5d) depth--;
  }
  return false;
}

/** How often `part` occurs, at most max + 1. */
function count(text: string, part: string, max: number): number {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0 && found <= max; at = text.indexOf(part, at + 1)) found++;
  return found;
}

/** What was met on the way through a value. */
interface Seen {
  /** Members of all objects. */
  members: number;
}

/** Depth is bounded already, so recursion is. */
function guard(value: unknown, path: PropertyKey[], problems: Problems, seen: Seen): void {
  if (typeof value === 'string') report(textProblem(value), path, problems);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) report('must be a finite number', path, problems);
  } else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) descend(value[i], i, path, problems, seen);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      seen.members++;
      if (name === '__proto__') report('is a reserved name', [...path, name], problems);
      else report(textProblem(name), [...path, name], problems);
      descend(member, name, path, problems, seen);
    }
  }
}

function descend(
  value: unknown,
  step: PropertyKey,
  path: PropertyKey[],
  problems: Problems,
  seen: Seen,
): void {
  // Most values are the numbers of a vector: they need no path unless they are wrong.
  if (typeof value === 'number' && Number.isFinite(value)) return;
  path.push(step);
  guard(value, path, problems, seen);
  path.pop();
}

function report(problem: string | null, path: readonly PropertyKey[], problems: Problems): void {
  if (problem !== null) problems.add('invalid_request', jsonPath(path), problem);
}
