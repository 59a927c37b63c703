import { z } from 'zod';
import { TriptychError } from '../errors.ts';
import { evalLimits } from '../eval-limits.ts';
import { parseWith } from '../wire/problems.ts';

/** One search to be judged. */
export interface EvalQuery {
  /** As in the judgements. */
  readonly id: string;
  /** Members of a search body; those that the evaluation sets are not among them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Where it was read, for errors. */
  readonly place: string;
}

/** What every search of an evaluation has to have alike. */
const ownMembers = ['k', 'cursor', 'profile', 'explain', 'timeout_ms', 'cache', 'partial'];

const lineSchema = z.looseObject({
  id: z.union([
    z
      .string()
      .min(1)
      .max(evalLimits.queryIdCharsMax)
      .regex(/^\S+$/, 'must have no white space: TREC files cannot hold it'),
    z.int().transform(String),
  ]),
});

/**
 * Queries as NDJSON: `{"id": "q1", "query": "lonely robot", ...}`, the other members being those of a search body
 * (`user`, `filter`, `like`, ...). The bodies themselves are checked when they are searched.
 * @param name what the text is called in errors
 * @throws TriptychError invalid_settings with the line and the member
 */
export function parseQueries(text: string, name: string): EvalQuery[] {
  const queries: EvalQuery[] = [];
  const seen = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const place = `${name}:${index + 1}`;
    const { id, ...body } = parseWith(lineSchema, jsonOf(line, place), 'invalid_settings', place);
    if (seen.has(id)) throw problem(`${place}.id`, `"${id}" stands there twice`);
    seen.add(id);
    const own = ownMembers.find((member) => member in body);
    if (own !== undefined) throw problem(`${place}.${own}`, 'is set by the evaluation');
    queries.push({ id, body, place });
    if (queries.length > evalLimits.queriesMax)
      throw problem(place, `more than ${evalLimits.queriesMax} queries`);
  }
  if (queries.length === 0) throw problem(name, 'the file has no queries');
  return queries;
}

function jsonOf(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw problem(place, `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function problem(path: string, message: string): TriptychError {
  return new TriptychError('invalid_settings', 'The queries cannot be used', { fields: [{ path, message }] });
}
