import { noRows, openCaches, openRecall, openTruth, type StoreParts } from './compose-stores.ts';
import type { Config } from './config/schema.ts';
import { TriptychError } from './errors.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { DocumentStore } from './ports/document-store.ts';
import { within } from './search/within.ts';

/** A store outside the process, and why it cannot be used now. */
export interface StoreInspection {
  readonly store: 'postgres' | 'milvus' | 'neo4j' | 'redis';
  /** null: it answered a real question. */
  readonly reason: string | null;
  /** Whether the service would not start: waiting does not help. */
  readonly isRefused: boolean;
}

/** A catalogue, and whose vectors it has. */
export interface CatalogueInspection {
  readonly tenant: string;
  readonly model: string;
  readonly dimension: number;
}

export interface StoresInspection {
  readonly stores: readonly StoreInspection[];
  /** Those of the given tenants, as far as they are in a server; at most limits.doctorCataloguesMax. */
  readonly catalogues: readonly CatalogueInspection[];
}

/** Asks each configured store outside the process; none is changed. */
export async function inspectStores(
  config: Config,
  tenants: readonly string[],
  parts: StoreParts,
): Promise<StoresInspection> {
  const { postgres, milvus, neo4j, redis } = config.stores;
  let catalogues: readonly CatalogueInspection[] = [];
  const questions: Question[] = [];
  const ask = (store: StoreInspection['store'], question: () => Promise<void>): void => {
    questions.push([store, question]);
  };
  if (postgres !== null)
    ask('postgres', async () => {
      const { store } = await openTruth(config, parts);
      try {
        await store.ping();
        catalogues = await cataloguesIn(store, tenants);
      } finally {
        await store.close();
      }
    });
  for (const one of ['milvus', 'neo4j'] as const) {
    if (config.stores[one] === null) continue;
    const alone = { ...config.stores, milvus: null, neo4j: null, [one]: one === 'milvus' ? milvus : neo4j };
    ask(one, async () => {
      const { indexes, close } = openRecall(alone, null, noRows, parts);
      await indexes[0]!.ping().finally(close);
    });
  }
  if (redis !== null)
    ask('redis', async () => {
      const caches = openCaches(redis, () => new Uint8Array(32), parts);
      await onceConnected(async () => caches.pingCaches?.(), parts.clock).finally(() => caches.close());
    });
  const first = await Promise.all(questions.map((asked) => answered(asked, parts.clock)));
  const stores = await Promise.all(
    questions.map((asked, i) => {
      const { reason, isRefused } = first[i]!;
      // While the first connections are made clients are loaded, which holds these up.
      return reason === null || isRefused ? first[i]! : answered(asked, parts.clock);
    }),
  );
  return { stores, catalogues };
}

async function cataloguesIn(
  store: DocumentStore,
  tenants: readonly string[],
): Promise<readonly CatalogueInspection[]> {
  const found: CatalogueInspection[] = [];
  for (const tenant of tenants.slice(0, limits.doctorCataloguesMax)) {
    const catalogue = await store.catalogue(tenant);
    if (catalogue === null) continue;
    const { model, dimension } = catalogue.schema.embedding;
    found.push({ tenant, model, dimension });
  }
  return found;
}

/** A client that connects in the background is not there in its first moments. */
async function onceConnected(ping: () => Promise<void>, clock: Clock): Promise<void> {
  const endMs = clock.nowMs() + limits.doctorStoreMsMax;
  for (;;)
    try {
      await ping();
      return;
    } catch (error) {
      if (!(error instanceof TriptychError) || error.code !== 'not_ready' || clock.nowMs() >= endMs)
        throw error;
      await new Promise<void>((resolve) => {
        clock.after(limits.doctorPauseMs, resolve);
      });
    }
}

type Question = readonly [store: StoreInspection['store'], ask: () => Promise<void>];
type Answer = Pick<StoreInspection, 'reason' | 'isRefused'>;

/** Why a question is not answered in time, or null. */
async function answered([store, ask]: Question, clock: Clock): Promise<StoreInspection> {
  const answer = ask().then(() => ({ reason: null, isRefused: false }), refusalOf);
  const none = { reason: 'no answer', isRefused: false };
  return { store, ...(await within<Answer>(answer, limits.doctorStoreMsMax, clock, none)) };
}

/** Drivers' texts may name users and hosts, which are the reader's own here; secrets are in none of ours. */
function refusalOf(error: unknown): Answer {
  if (error instanceof TriptychError)
    return { reason: `${error.code}: ${error.message}`, isRefused: !error.retriable };
  return { reason: error instanceof Error ? error.message : String(error), isRefused: false };
}
