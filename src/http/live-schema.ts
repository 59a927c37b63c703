import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { TriptychError } from '../errors.ts';
import type { Triptych } from '../ports/triptych.ts';

/**
 * The schema that requests are checked against.
 * @throws TriptychError no_catalogue
 */
export function liveSchema(triptych: Triptych, tenant: string): CatalogueSchema {
  const schema = triptych.schema(tenant);
  if (schema === null)
    throw new TriptychError('no_catalogue', 'there is no catalogue yet: PUT /v1/catalogue sets its schema');
  return schema;
}
