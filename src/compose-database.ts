import { type MigrationReport, migratePostgres } from './adapters/postgres/migrate-postgres.ts';
import type { Config } from './config/schema.ts';
import { TriptychError } from './errors.ts';

export type { MigrationReport };

/**
 * Brings the schema of the Postgres that holds the truth up to date, or says what that would do.
 * @throws TriptychError invalid_settings | data_too_new | overloaded (another migration runs) | unavailable
 */
export async function migrateDatabase(
  config: Config,
  options: { readonly dryRun: boolean },
): Promise<MigrationReport> {
  const owner = config.stores.postgresOwner;
  if (owner === null)
    throw new TriptychError(
      'invalid_settings',
      'postgres_owner_url is needed, or postgres_owner_url_file: the URL of a login that is a member of triptych_owner',
    );
  return migratePostgres(owner, options);
}
