import type { CatalogueKey, SharedIndexName } from '../../ports/shared-index.ts';

/**
 * Who locks rows of sync_state and may wait for one does so by id, as writes do: then no two wait for each other. Claims
 * never wait.
 */
export const ofKey = 'index_name = $1 AND tenant = $2 AND generation = $3';

export function keyParameters(index: SharedIndexName, key: CatalogueKey): [string, string, number] {
  return [index, key.tenant, key.generation];
}

/** SQL: whether the catalogue of a row is there and not dropped. */
export const livingCatalogue = (of: string): string => `EXISTS (SELECT FROM catalogue c
    WHERE c.tenant = ${of}.tenant AND c.generation = ${of}.generation AND c.state <> 'dropped')`;
