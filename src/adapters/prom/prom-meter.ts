import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HttpMeter } from '../../ports/http-meter.ts';
import type { Meter, Outcome } from '../../ports/meter.ts';
import type { StoreMeter } from '../../ports/store-meter.ts';
import { ClosedLabels } from './closed-labels.ts';
import { measureProcess } from './process-metrics.ts';
import { StoreMetrics } from './store-metrics.ts';
import { SyncMetrics } from './sync-metrics.ts';

type GaugeName = Parameters<Meter['gauge']>[0] | Parameters<HttpMeter['gauge']>[0];
type CountName = Parameters<Meter['count']>[0];

/** Seconds: from a tenth of a millisecond to the longest deadline. */
const buckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];

/** All meters on one prom-client registry of its own: two services in a process do not mix. */
export class PromMeter implements Meter, HttpMeter, StoreMeter {
  readonly registry = new Registry();
  readonly #stages = new ClosedLabels(48);
  readonly #strategies = new ClosedLabels(16);
  readonly #routes = new ClosedLabels(64);
  readonly #methods = new ClosedLabels(methods.length, methods);
  readonly #stopProcess: () => void;
  readonly #sync = new SyncMetrics(this.registry);

  readonly #stage = new Histogram({
    name: 'triptych_stage_seconds',
    help: 'Time of one leg, the embedder or a stage of a search',
    labelNames: ['stage', 'outcome'],
    buckets,
    registers: [this.registry],
  });
  readonly #search = new Histogram({
    name: 'triptych_search_seconds',
    help: 'Time of a whole search, from the last byte of its body',
    labelNames: ['strategy', 'outcome'],
    buckets,
    registers: [this.registry],
  });
  readonly #request = new Histogram({
    name: 'triptych_http_request_seconds',
    help: 'Time of an HTTP request, from its headers to the end of the answer; status 499: the caller left',
    labelNames: ['route', 'method', 'status'],
    buckets,
    registers: [this.registry],
  });
  readonly #bulkLines = new Counter({
    name: 'triptych_bulk_lines_total',
    help: 'Lines of bulk writes',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  readonly #projected = new Counter({
    name: 'triptych_projected_documents_total',
    help: 'Documents that the projector applied to the indexes of this process',
    registers: [this.registry],
  });
  readonly #gauges: Readonly<Record<GaugeName, Gauge>> = {
    projector_lag_ms: this.#gauge(
      'triptych_projector_lag_seconds',
      'How far the indexes are behind the store',
    ),
    documents: this.#gauge('triptych_documents', 'Documents that searches see'),
    epoch_generation: this.#gauge('triptych_epoch_generation', 'Generation of the catalogue that is live'),
    searches_in_flight: this.#gauge(
      'triptych_searches_in_flight',
      'Searches that are being read or answered',
    ),
    requests_waiting: this.#gauge(
      'triptych_requests_waiting',
      'Requests that wait for one of their kind to end',
    ),
    events_pending: this.#gauge(
      'triptych_events_pending',
      'Acknowledged events that are still to be applied',
    ),
    rerank_backends_off: this.#gauge(
      'triptych_rerank_backends_off',
      'Scoring backends that broke and are not used until the next start',
    ),
  };
  readonly #counters: Readonly<Record<CountName, Counter>> = {
    embedding_cache_hits: this.#counter(
      'triptych_embedding_cache_hits_total',
      'Texts of queries found in the cache',
    ),
    embedding_cache_misses: this.#counter(
      'triptych_embedding_cache_misses_total',
      'Texts of queries that were embedded',
    ),
    ranked_cache_hits: this.#counter(
      'triptych_ranked_cache_hits_total',
      'Searches answered from a cached list',
    ),
    ranked_cache_misses: this.#counter(
      'triptych_ranked_cache_misses_total',
      'Searches that a cached list might have answered and did not',
    ),
    vector_cache_hits: this.#counter(
      'triptych_vector_cache_hits_total',
      'Vectors whose neighbours were kept',
    ),
    vector_cache_misses: this.#counter(
      'triptych_vector_cache_misses_total',
      'Vectors that the index was asked for',
    ),
    words_cache_hits: this.#counter('triptych_words_cache_hits_total', 'Words whose documents were kept'),
    words_cache_misses: this.#counter(
      'triptych_words_cache_misses_total',
      'Words that the index was asked for',
    ),
    events_accepted: this.#counter(
      'triptych_events_accepted_total',
      'Events that were new and are committed',
    ),
    events_duplicate: this.#counter('triptych_events_duplicate_total', 'Events that were known already'),
    events_applied: this.#counter(
      'triptych_events_applied_total',
      "Events that became part of their users' states",
    ),
    rerank_batches: this.#counter('triptych_rerank_batches_total', 'Calls of the scorer'),
    reranked_rows: this.#counter('triptych_reranked_rows_total', 'Candidates that the scorer was given'),
    rerank_fallbacks: this.#counter(
      'triptych_rerank_fallbacks_total',
      'Batches that another scoring backend had to serve',
    ),
  };

  readonly #stores = new StoreMetrics(this.registry, buckets);
  readonly storeCall: StoreMeter['storeCall'] = this.#stores.storeCall.bind(this.#stores);
  readonly storeRetry: StoreMeter['storeRetry'] = this.#stores.storeRetry.bind(this.#stores);
  readonly storeHealth: StoreMeter['storeHealth'] = this.#stores.storeHealth.bind(this.#stores);

  constructor() {
    this.#stopProcess = measureProcess(this.registry);
  }

  stage(stage: string, outcome: Outcome, ms: number): void {
    this.#stage.observe({ stage: this.#stages.of(stage), outcome }, ms / 1_000);
  }

  search(strategy: string, outcome: 'ok' | 'degraded' | 'error', ms: number): void {
    this.#search.observe({ strategy: this.#strategies.of(strategy), outcome }, ms / 1_000);
  }

  request(route: string, method: string, status: number, ms: number): void {
    this.#request.observe(
      { route: this.#routes.of(route), method: this.#methods.of(method), status: String(status) },
      ms / 1_000,
    );
  }

  bulkLines(outcome: 'written' | 'refused', by: number): void {
    this.#bulkLines.inc({ outcome }, by);
  }

  projected(documents: number): void {
    this.#projected.inc(documents);
  }

  synced(...counted: Parameters<Meter['synced']>): void {
    this.#sync.synced(...counted);
  }

  indexLag(...lag: Parameters<Meter['indexLag']>): void {
    this.#sync.indexLag(...lag);
  }

  gauge(name: GaugeName, value: number): void {
    this.#gauges[name].set(name === 'projector_lag_ms' ? value / 1_000 : value);
  }

  count(name: CountName, by: number): void {
    this.#counters[name].inc(by);
  }

  async exposition(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  /** Stops the timer that measures the event loop. */
  close(): void {
    this.#stopProcess();
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }
}
