import type { SqlClient, SqlScope, SqlStatement } from '../../src/adapters/sql/sql-client.ts';
import { TriptychError } from '../../src/errors.ts';

/** A client that notes what runs, and can be told to fail some of it. */
export class WatchedClient implements SqlClient {
  readonly texts: string[] = [];
  /** Transactions, each a round trip to a server. */
  runs = 0;
  failing: RegExp | null = null;
  #held: { readonly pattern: RegExp; readonly until: Promise<void> } | null = null;
  readonly #inner: SqlClient;

  constructor(inner: SqlClient) {
    this.#inner = inner;
  }

  run(statements: readonly SqlStatement[], scope: SqlScope): ReturnType<SqlClient['run']> {
    this.runs += 1;
    this.texts.push(...statements.map(({ text }) => text));
    if (this.failing !== null && statements.some(({ text }) => this.failing?.test(text)))
      return Promise.reject(new TriptychError('unavailable', 'told to fail'));
    const held = this.#held;
    if (held !== null && statements.some(({ text }) => held.pattern.test(text)))
      return held.until.then(() => this.#inner.run(statements, scope));
    return this.#inner.run(statements, scope);
  }

  /** Keeps what matches from running until the returned function is called. */
  hold(pattern: RegExp): () => void {
    let release = (): void => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held = { pattern, until };
    return release;
  }

  count(pattern: RegExp): number {
    return this.texts.filter((text) => pattern.test(text)).length;
  }

  async close(): Promise<void> {}
}
