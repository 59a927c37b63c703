/** Where Neo4j is and who we are there. */
export interface Neo4jOptions {
  /** `bolt:`, `neo4j:`, `bolt+s:` or `neo4j+s:`; with `+s` the server's certificate and name are verified. */
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  /** null: the user's own. */
  readonly database: string | null;
  /** PEM of the authorities to trust with `+s`; null: those of the system. */
  readonly ca: string | null;
}
