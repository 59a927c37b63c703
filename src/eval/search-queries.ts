import { evalLimits } from '../eval-limits.ts';
import type { EvalQuery } from './query-file.ts';
import type { Rankings } from './trec-files.ts';

/** The answer to one search, as far as it is judged. */
export interface EvalAnswer {
  /** Best first. */
  readonly ids: readonly string[];
  readonly degraded: boolean;
}

export interface SearchedQueries {
  readonly rankings: Rankings;
  /** Answers that lacked a leg. */
  readonly degraded: number;
}

/**
 * Searches all queries, a few at once, and gives the rankings in the order of the queries. The first search that fails
 * ends it: an evaluation over a part of the queries would be one of another set.
 * @param onAnswer called after each search
 * @throws what `search` throws; the signal's reason when it is aborted
 */
export async function searchQueries(
  queries: readonly EvalQuery[],
  search: (query: EvalQuery) => Promise<EvalAnswer>,
  signal: AbortSignal,
  onAnswer: () => void = () => {},
): Promise<SearchedQueries> {
  const answers: EvalAnswer[] = new Array(queries.length);
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < queries.length && !failed) {
      signal.throwIfAborted();
      const at = next++;
      try {
        answers[at] = await search(queries[at]!);
      } catch (error) {
        failed = true;
        throw error;
      }
      onAnswer();
    }
  };
  await Promise.all(Array.from({ length: evalLimits.searchesInFlightMax }, worker));
  return {
    rankings: new Map(queries.map(({ id }, i) => [id, answers[i]!.ids])),
    degraded: answers.filter(({ degraded }) => degraded).length,
  };
}
