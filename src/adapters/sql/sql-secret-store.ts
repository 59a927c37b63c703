import { randomBytes } from 'node:crypto';
import type { SecretStore } from '../../ports/secret-store.ts';
import type { SqlClient } from './sql-client.ts';

const makeText = `INSERT INTO signing_key (name, secret) VALUES ('cursor', $1) ON CONFLICT (name) DO NOTHING`;
const readText = `SELECT secret FROM signing_key WHERE name = 'cursor'`;

/** Secrets in a Postgres table; `migrate` comes first. */
export class SqlSecretStore implements SecretStore {
  readonly #client: SqlClient;

  constructor(client: SqlClient) {
    this.#client = client;
  }

  async signingKey(): Promise<Uint8Array> {
    const statements = [
      { text: makeText, parameters: [Uint8Array.from(randomBytes(32))] },
      { text: readText, parameters: [] },
    ];
    const results = await this.#client.run(statements, 'all');
    const secret = results[1]?.[0]?.[0];
    if (!(secret instanceof Uint8Array)) throw new TypeError('the secret column holds no bytes');
    return secret.slice();
  }
}
