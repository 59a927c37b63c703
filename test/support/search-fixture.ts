import { FlatVectorIndex } from '../../src/adapters/flat/flat-vector-index.ts';
import { jsExactScorer } from '../../src/adapters/js/js-exact-scorer.ts';
import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import { MemoryGraphStore } from '../../src/adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from '../../src/adapters/memory/memory-text-index.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { Document } from '../../src/domain/document.ts';
import type { LegScores } from '../../src/domain/leg-scores.ts';
import { builtInProfiles, type Profile } from '../../src/domain/profile.ts';
import type { RankedList } from '../../src/domain/ranked-list.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { limits } from '../../src/limits.ts';
import type { Cache } from '../../src/ports/cache.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Embedder } from '../../src/ports/embedder.ts';
import type { ExactScorer } from '../../src/ports/exact-scorer.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Meter } from '../../src/ports/meter.ts';
import type { Projection } from '../../src/ports/projection.ts';
import type { TextIndex } from '../../src/ports/text-index.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import type { ScoringBackends } from '../../src/search/backend-choice.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { assembleTriptych, type TriptychParts } from '../../src/search/triptych.ts';
import { testSchema, unit } from './arbitraries.ts';
import { FakeClock } from './fake-clock.ts';
import { scoringWith } from './js-backends.ts';
import { MemoryDocumentStore } from './memory-document-store.ts';
import { MemoryUserStore } from './memory-user-store.ts';

export const silentMeter: Meter = {
  stage() {},
  search() {},
  synced() {},
  indexLag() {},
  projected() {},
  gauge() {},
  count() {},
};
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** Behaviour of each part of a search, replaceable one by one. */
export interface FixtureParts {
  readonly vector: VectorIndex;
  readonly text: TextIndex;
  readonly graph: GraphStore;
  readonly embedder: Embedder | null;
}

/** Policies, events and lists in memory, as assembleTriptych wants them. */
export function userParts(
  clock: Clock,
  users = new MemoryUserStore(),
): Pick<TriptychParts, 'policies' | 'events' | 'soleWriter' | 'lists' | 'cursorKey' | 'logger'> {
  return {
    policies: users,
    events: users,
    soleWriter: true,
    lists: new LruCache({ entriesMax: 1_000, clock }),
    cursorKey: () => new Uint8Array(32).fill(7),
    logger: silentLogger,
  };
}

export interface SearchFixture {
  readonly service: Triptych;
  readonly clock: FakeClock;
  readonly store: MemoryDocumentStore;
  readonly users: MemoryUserStore;
  readonly lists: Cache<RankedList>;
  /** Runs a search from the clock's present moment. */
  search(request: Partial<SearchRequest>): ReturnType<Triptych['search']>;
}

/** A request for nothing yet, with the wire's defaults. */
export const plainRequest: SearchRequest = {
  query: null,
  embedding: null,
  like: [],
  k: 10,
  profile: 'linear',
  timeoutMs: 500,
  partial: true,
  minScore: null,
  filter: null,
  diversity: null,
  include: [],
  includeRelationships: false,
  explain: 'score',
  user: null,
  context: 'default',
  constraints: [],
  cursor: null,
  cache: 'use',
};

/** Documents d0..d(n-1) whose vectors turn away from the first axis step by step. */
export function fanOfDocuments(count: number): Document[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    title: `Document ${i}`,
    text: i % 2 === 0 ? 'robot' : 'space',
    facets: { genres: [i % 3 === 0 ? 'Comedy' : 'Drama'], directors: [`D${i % 4}`], tags: [] },
    fields: { year: 1980 + i, votes: i * 10, released: `${1980 + i}-01-01` },
    relations: [],
    embedding: unit([Math.cos(i / count), Math.sin(i / count), 0, 0, 0, 0, 0, 0]),
  }));
}

export interface FixtureOptions {
  /** Documents of tenants besides `default`, in catalogues of the same schema. */
  readonly others?: Readonly<Record<string, readonly Document[]>>;
  readonly schema?: CatalogueSchema;
  readonly profiles?: readonly Profile[];
  readonly meter?: Meter;
  /** Where lists are kept; its own unless given. */
  readonly lists?: Cache<RankedList>;
  /** Where answers of indexes outside the process are kept; nowhere unless given. */
  readonly legs?: Cache<LegScores>;
  /** false: every search asks the policy store. */
  readonly soleWriter?: boolean;
  /** Documents whose vectors are kept in memory; all unless given. */
  readonly residentRowsMax?: number;
  /** Those in JavaScript unless given. */
  readonly exact?: ExactScorer;
  readonly scoring?: ScoringBackends;
  /** Hears of what the service says; nobody unless given. */
  readonly logger?: Logger;
}

/** The stores that run inside the process, and an embedder that turns each word into a direction of its own. */
export function inProcessParts(): FixtureParts & {
  readonly projections: readonly Projection[];
  readonly pushdownShare: number;
  readonly vectorRoundTrip: boolean;
  readonly textRoundTrip: boolean;
  readonly exactScan: VectorIndex | null;
} {
  const text = new MemoryTextIndex();
  const graph = new MemoryGraphStore();
  return {
    vector: new FlatVectorIndex(new JsRowScanner()),
    text,
    graph,
    embedder: wordEmbedder,
    projections: [text, graph],
    pushdownShare: 1,
    vectorRoundTrip: false,
    textRoundTrip: false,
    exactScan: null,
  };
}

const wordEmbedder: Embedder = {
  model: 'test',
  dimension: 8,
  embed: async (texts) =>
    texts.map((text) => {
      const numbers = new Array<number>(8).fill(0.01);
      for (const word of text.toLowerCase().split(/\W+/)) numbers[(word.charCodeAt(0) || 0) % 8]! += 1;
      return unit(numbers);
    }),
  ready: async () => {},
  close: async () => {},
};

/** The real service over the given stores and a clock that is moved by hand. */
export async function searchFixture(
  parts: (clock: FakeClock) => FixtureParts & {
    readonly projections?: readonly Projection[];
    readonly vectorRoundTrip?: boolean;
    readonly textRoundTrip?: boolean;
    readonly exactScan?: VectorIndex | null;
  },
  documents: readonly Document[],
  {
    schema = testSchema,
    profiles = builtInProfiles,
    meter = silentMeter,
    lists,
    legs,
    soleWriter = true,
    others = {},
    residentRowsMax,
    exact = jsExactScorer,
    scoring = scoringWith(),
    logger = silentLogger,
  }: FixtureOptions = {},
): Promise<SearchFixture> {
  const clock = new FakeClock();
  const store = new MemoryDocumentStore();
  const users = new MemoryUserStore();
  const byTenant = { default: documents, ...others };
  for (const [tenant, held] of Object.entries(byTenant)) {
    const { generation } = await store.createCatalogue(tenant, schema);
    await store.write(
      tenant,
      generation,
      held.map((document) => ({ kind: 'put', document })),
    );
  }
  const { embedder, ...first } = parts(clock);
  const registry = new CatalogueRegistry({
    store,
    clock,
    meter,
    logger: silentLogger,
    ...(residentRowsMax !== undefined && { residentRowsMax }),
    // As in the composition, no tenant shares a store with another one.
    stores: (tenant) => ({
      projections: [],
      pushdownShare: limits.pushdownShare,
      vectorRoundTrip: false,
      textRoundTrip: false,
      exactScan: null,
      ...(tenant === 'default' ? first : parts(clock)),
    }),
  });
  for (const tenant of Object.keys(byTenant)) await registry.open(tenant);
  const own = {
    ...userParts(clock, users),
    logger,
    soleWriter,
    ...(lists !== undefined && { lists }),
    ...(legs !== undefined && { legs }),
  };
  const service = assembleTriptych({
    shared: null,
    store,
    ...own,
    registry,
    embedder,
    exact,
    scoring,
    profiles,
    clock,
    meter,
    closeParts: async () => {},
  });
  return {
    service,
    clock,
    store,
    users,
    lists: own.lists,
    search: (request) =>
      service.search('default', { ...plainRequest, ...request }, { startedAtMs: clock.nowMs() }),
  };
}
