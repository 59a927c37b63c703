import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { Document } from '../../src/domain/document.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ChangeCursor, DocumentStore, DocumentWrite } from '../../src/ports/document-store.ts';

/** The store that the contract runs against, and a clock whose wall time the tests move on. */
export class StoreUnderTest {
  store!: DocumentStore;
  #passedMs = 0;
  #tenants = 0;
  readonly clock: Clock = {
    nowMs: () => performance.now(),
    epochMs: () => Date.now() + this.#passedMs,
    after: () => () => {},
  };

  passHours(hours: number): void {
    this.#passedMs += hours * 3_600_000;
  }

  /** A tenant nobody used, with the live catalogue `schemaNamed('first')`. */
  async tenant(): Promise<string> {
    const tenant = this.emptyTenant();
    await this.store.createCatalogue(tenant, schemaNamed('first'));
    return tenant;
  }

  emptyTenant(): string {
    return `tenant ${this.#tenants++}`;
  }
}

export function schemaNamed(name: string): CatalogueSchema {
  return {
    name,
    facets: ['genres', 'tags'],
    fields: { year: { type: 'number' }, released: { type: 'date' }, seen: { type: 'flag' } },
    scales: {},
    embedding: { model: 'test', dimension: 4, tier: 'f32', lo: 0, hi: 1, text: ['title'] },
    popularity: null,
    recency: null,
    relations: [],
    language: 'en',
  };
}

export function documentOf(id: string, changes: Partial<Document> = {}): Document {
  return {
    id,
    title: `Title of ${id}`,
    text: 'Some text.',
    facets: { genres: ['Drama', 'Comedy'] },
    fields: { year: 1999 },
    relations: [],
    embedding: Float32Array.of(0.5, -0.5, 0.5, 0.5),
    ...changes,
  };
}

export function put(id: string, changes: Partial<Document> = {}): DocumentWrite {
  return { kind: 'put', document: documentOf(id, changes) };
}

export function remove(id: string): DocumentWrite {
  return { kind: 'delete', id };
}

/** Ids that break naive quoting, array syntax, UTF-16 comparison or object keys. */
export const unusualIds: readonly string[] = [
  `it's`,
  'say "hi"',
  'back\\slash',
  '{a,b}',
  'NULL',
  ' ',
  'line\nbreak',
  '$1; DROP TABLE document; --',
  '__proto__',
  '100%_',
  'cafe\u0301',
  'caf\u00e9',
  // In UTF-8 the private use area and U+FFFD come before the emoji, in UTF-16 behind it.
  '\ue000',
  '\ufffd',
  '\u{1f600}',
  '\u{10ffff}',
  'x'.repeat(256),
  '\u{1f600}'.repeat(128),
  '\u4e2d'.repeat(256),
  // A byte order mark is a character like any other, wherever it stands.
  '\ufeff',
  '\ufeff\ufeff',
  '\ufeffa',
  '\ufeff\ufeffa',
  'a\ufeff',
  'a',
];

/** All changes after `cursor` in pages of `limit`, as `+id@version` and `-id@version`, and the cursor behind them. */
export async function follow(
  store: DocumentStore,
  tenant: string,
  generation: number,
  cursor: ChangeCursor | null,
  limit = 3,
): Promise<{ readonly seen: string[]; readonly cursor: ChangeCursor }> {
  const seen: string[] = [];
  let at = cursor;
  for (;;) {
    const page = await store.changes(tenant, generation, at, limit);
    if (!page.complete) throw new Error('the cursor is too old');
    for (const change of page.changes)
      seen.push(
        change.kind === 'put'
          ? `+${change.document.id}@${change.document.version}`
          : `-${change.id}@${change.version}`,
      );
    at = page.cursor;
    if (page.changes.length === 0) return { seen, cursor: at };
  }
}
