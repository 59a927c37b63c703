import { TriptychError } from '../../errors.ts';

/**
 * Refuses a collection whose vectors are not the catalogue's.
 * @param wanted,found numbers of each vector
 * @throws TriptychError invalid_settings
 */
export function assertDimension(name: string, wanted: number, found: number): void {
  if (found !== wanted) throw unfit(name, `vectors of ${found} numbers`, `${wanted}`);
}

/**
 * Refuses an index by which nearest means something else: its hits would be others, and nothing would say so.
 * @param found null: the server does not say
 * @throws TriptychError invalid_settings
 */
export function assertMetric(name: string, wanted: string, found: string | null): void {
  if (found !== null && found !== wanted) throw unfit(name, `an index of the metric ${found}`, wanted);
}

/** Otherwise the server would build something else than what is searched. */
export function tooOldToAdapt(version: string): TriptychError {
  return new TriptychError(
    'invalid_settings',
    `Milvus ${version} cannot search graphs of a GPU on processors, 2.6.1 and newer can: ` +
      'milvus_cagra_adapt_for_cpu has to be off',
  );
}

function unfit(name: string, found: string, wanted: string): TriptychError {
  return new TriptychError(
    'invalid_settings',
    `the collection ${name} in Milvus has ${found}, not ${wanted}: it is not used until somebody drops it, ` +
      'and is filled anew then',
  );
}
