import type { SqlStatement } from './sql-client.ts';

/** NUL has no place in a text of Postgres, an unpaired surrogate none in UTF-8. */
const unstorable = /[\0\p{Surrogate}]/u;

/** Whether the tenant's name and all parameters are texts that can be stored. */
export function isStorable(tenant: string, statements: readonly SqlStatement[]): boolean {
  return (
    !unstorable.test(tenant) && statements.every(({ parameters }) => parameters.every(isStorableParameter))
  );
}

function isStorableParameter(parameter: SqlStatement['parameters'][number]): boolean {
  if (typeof parameter === 'string') return !unstorable.test(parameter);
  if (!Array.isArray(parameter)) return true;
  return parameter.every((element) => typeof element !== 'string' || !unstorable.test(element));
}
