import { bulkBatches } from './bulk-batches.ts';
import { errorOfProblem, TriptychRequestError } from './request-error.ts';
import { type Call, type CallOptions, Transport, type TriptychClientOptions } from './transport.ts';
import type * as Wire from './wire-types.ts';

/** Of writes. */
export interface WriteOptions extends CallOptions {
  /** Answers when searches see the write, or after ten seconds: `searchable` says which. */
  readonly wait?: 'searchable';
}

/** Of reads of documents. */
export interface ReadOptions extends CallOptions {
  readonly include?: 'embedding';
}

export interface PageOptions extends ReadOptions {
  /** That of the page before. */
  readonly cursor?: string;
  /** 1..1,000. */
  readonly limit?: number;
}

export interface PolicyOptions extends CallOptions {
  readonly context?: string;
}

export interface ConditionOptions extends CallOptions {
  /**
   * Writes only over this version (0: nothing is stored), or over any that is stored (`*`); otherwise it rejects with
   * `precondition_failed`. The version is that of the answer to a read.
   */
  readonly ifMatch?: number | '*';
}

const json = 'application/json';
const ndjson = 'application/x-ndjson';

/**
 * A client of the service's HTTP API, for browsers and Node alike: one method for each route, bodies and answers as on
 * the wire (docs/api.md). It does not check answers, and repeats nothing unless `retriesMax` says so. All methods reject
 * with TriptychRequestError, or with the reason of an aborted signal.
 */
export class TriptychClient {
  readonly #transport: Transport;

  /** @throws TypeError for options that cannot be */
  constructor(options: TriptychClientOptions) {
    this.#transport = new Transport(options);
  }

  search(body: Wire.SearchBody, options?: CallOptions): Promise<Wire.SearchAnswer> {
    return this.#transport.json(sending('POST', '/v1/search', body, options, true));
  }

  /** The answer in parts as they are known: the last but one is `final`, the last `done`. */
  async *searchStream(body: Wire.SearchBody, options?: CallOptions): AsyncGenerator<Wire.SearchEvent> {
    const call = { ...sending('POST', '/v1/search', body, options, true), accept: ndjson };
    let done = false;
    for await (const event of this.#transport.lines<Wire.SentSearchEvent>(call)) {
      if (event.event === 'error') throw errorOfProblem(event.data);
      done = event.event === 'done';
      yield event;
    }
    if (!done)
      throw new TriptychRequestError('cut_off', 'the answer ended without `done`', { retriable: true });
  }

  searchBatch(body: Wire.BatchBody, options?: CallOptions): Promise<Wire.BatchAnswer> {
    return this.#transport.json(sending('POST', '/v1/search/batch', body, options, true));
  }

  explain(body: Wire.ExplainBody, options?: CallOptions): Promise<Wire.ExplainAnswer> {
    return this.#transport.json(sending('POST', '/v1/explain', body, options, true));
  }

  rerank(body: Wire.RerankBody, options?: CallOptions): Promise<Wire.RerankAnswer> {
    return this.#transport.json(sending('POST', '/v1/rerank', body, options, true));
  }

  /** @param options `k`: 1..100 neighbours, 10 unless given */
  similar(id: string, options: CallOptions & { readonly k?: number } = {}): Promise<Wire.SimilarAnswer> {
    return this.#transport.json({ ...reading('/v1/similar/{id}', options), id, query: { k: options.k } });
  }

  document(id: string, options: ReadOptions = {}): Promise<Wire.StoredDocument> {
    const query = { include: options.include };
    return this.#transport.json({ ...reading('/v1/documents/{id}', options), id, query });
  }

  /** One page, by id; its `cursor` leads to the next one. */
  documents(options: PageOptions = {}): Promise<Wire.DocumentPage> {
    const { cursor, limit, include } = options;
    return this.#transport.json({ ...reading('/v1/documents', options), query: { cursor, limit, include } });
  }

  /** All documents, by id, page by page. */
  async *allDocuments(options: PageOptions = {}): AsyncGenerator<Wire.StoredDocument> {
    let { cursor } = options;
    do {
      const page = await this.documents({ ...options, ...(cursor !== undefined && { cursor }) });
      yield* page.documents;
      cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
  }

  putDocument(id: string, body: Wire.DocumentBody, options: WriteOptions = {}): Promise<Wire.WriteAck> {
    const call = sending('PUT', '/v1/documents/{id}', body, options, true);
    return this.#transport.json({ ...call, id, query: { wait: options.wait } });
  }

  deleteDocument(id: string, options: WriteOptions = {}): Promise<Wire.WriteAck> {
    const query = { wait: options.wait };
    return this.#transport.json({ ...deleting('/v1/documents/{id}', options), id, query, repeatable: true });
  }

  /**
   * Writes and deletes any number of documents, with an outcome for each, in order, as they are committed; what one
   * refuses does not keep the others out. Lines are taken as they can be sent, 1,000 to a request; `wait` is that of the
   * last request, whose last outcome carries `searchable` unless it wrote nothing. When it rejects, those that had no
   * outcome may or may not be written.
   */
  async *bulk(
    lines: AsyncIterable<Wire.BulkLine> | Iterable<Wire.BulkLine>,
    options: WriteOptions = {},
  ): AsyncGenerator<Wire.BulkOutcome> {
    for await (const { text, count, before, last } of bulkBatches(lines)) {
      const outcomes = this.#transport.lines<Wire.BulkOutcome>({
        ...{ method: 'POST', path: '/v1/documents/bulk', accept: ndjson, options, repeatable: false },
        query: { wait: last ? options.wait : undefined },
        body: { type: ndjson, text },
      });
      // The last outcome of a request that had to end early is no outcome of a line but the reason.
      let held: Wire.BulkOutcome | null = null;
      for await (const outcome of outcomes) {
        if (held !== null) yield held;
        held = { ...outcome, line: before + outcome.line };
      }
      if (held === null || held.line < before + count) throw endedEarly(held);
      yield held;
    }
  }

  catalogue(options?: CallOptions): Promise<Wire.CatalogueStatus> {
    return this.#transport.json(reading('/v1/catalogue', options));
  }

  putCatalogue(body: Wire.CatalogueSchemaBody, options?: CallOptions): Promise<Wire.CatalogueAck> {
    return this.#transport.json(sending('PUT', '/v1/catalogue', body, options, true));
  }

  policy(user: string, options: PolicyOptions = {}): Promise<Wire.PolicyAnswer> {
    return this.#transport.json({ ...reading(policyPath, options), ...inContext(user, options) });
  }

  putPolicy(
    user: string,
    body: Wire.PolicyBody,
    options: PolicyOptions & ConditionOptions = {},
  ): Promise<Wire.PolicyAnswer> {
    const call = sending('PUT', policyPath, body, options, options.ifMatch === undefined);
    return this.#transport.json({ ...call, ...inContext(user, options), headers: conditions(options) });
  }

  patchPolicy(
    user: string,
    patch: Wire.PolicyPatch,
    options: PolicyOptions & ConditionOptions = {},
  ): Promise<Wire.PolicyAnswer> {
    const call = sending('PATCH', policyPath, patch, options, false, 'application/merge-patch+json');
    return this.#transport.json({ ...call, ...inContext(user, options), headers: conditions(options) });
  }

  async deletePolicy(user: string, options: PolicyOptions & ConditionOptions = {}): Promise<void> {
    const call = deleting(policyPath, options);
    await this.#transport.text({ ...call, ...inContext(user, options), headers: conditions(options) });
  }

  rules(options?: CallOptions): Promise<Wire.RulesAnswer> {
    return this.#transport.json(reading('/v1/rules', options));
  }

  putRules(body: Wire.RulesBody, options: ConditionOptions = {}): Promise<Wire.RulesAnswer> {
    const call = sending('PUT', '/v1/rules', body, options, options.ifMatch === undefined);
    return this.#transport.json({ ...call, headers: conditions(options) });
  }

  /** May be repeated: an `event_id` that was sent before counts once. */
  events(body: Wire.EventsBody, options?: CallOptions): Promise<Wire.EventsAck> {
    return this.#transport.json(sending('POST', '/v1/events', body, options, true));
  }

  /** Everything known about a user, fact by fact. */
  async *exportUser(user: string, options?: CallOptions): AsyncGenerator<Wire.ExportLine> {
    const call = { ...reading('/v1/users/{id}/export', options), id: user, accept: ndjson };
    for await (const line of this.#transport.lines<Wire.SentExportLine>(call)) {
      if (line.kind === 'error') throw errorOfProblem(line.error);
      yield line;
    }
  }

  /** Deletes everything known about a user, for good. */
  async eraseUser(user: string, options?: CallOptions): Promise<void> {
    await this.#transport.text({ ...deleting('/v1/users/{id}', options), id: user });
  }

  profiles(options?: CallOptions): Promise<Wire.Profiles> {
    return this.#transport.json(reading('/v1/profiles', options));
  }

  planStats(options?: CallOptions): Promise<Wire.PlanStats> {
    return this.#transport.json(reading('/v1/plan/stats', options));
  }

  /** Whether searches and writes can be answered, and what is not ready: that is an answer here, no error. */
  async ready(options?: CallOptions): Promise<Wire.Health> {
    try {
      return await this.#transport.json<Wire.Health>({ ...reading('/readyz', options), repeatable: false });
    } catch (error) {
      if (!(error instanceof TriptychRequestError) || error.code !== 'not_ready') throw error;
      const parts = (error.problem?.parts ?? {}) as Wire.Health['parts'];
      return { ready: false, parts };
    }
  }

  /** Whether the process answers at all. */
  live(options?: CallOptions): Promise<Wire.Live> {
    return this.#transport.json(reading('/livez', options));
  }

  /** Everything measured, in the Prometheus text format. */
  metrics(options?: CallOptions): Promise<string> {
    return this.#transport.text({ ...reading('/metrics', options), accept: 'text/plain' });
  }

  openApi(options?: CallOptions): Promise<Wire.OpenApiDocument> {
    return this.#transport.json(reading('/openapi.json', options));
  }

  /** Name, version and routes of the service. */
  index(options?: CallOptions): Promise<Wire.RouteIndex> {
    return this.#transport.json(reading('/', options));
  }
}

const policyPath = '/v1/users/{id}/policy';

function reading(path: string, options: CallOptions | undefined): Call {
  return { method: 'GET', path, repeatable: true, options };
}

function deleting(path: string, options: CallOptions | undefined): Call {
  return { method: 'DELETE', path, repeatable: false, options };
}

function sending(
  method: Call['method'],
  path: string,
  body: unknown,
  options: CallOptions | undefined,
  repeatable: boolean,
  type = json,
): Call {
  return { method, path, body: { type, text: JSON.stringify(body) }, repeatable, options };
}

function inContext(user: string, { context }: PolicyOptions): Pick<Call, 'id' | 'query'> {
  return { id: user, query: { context } };
}

function conditions({ ifMatch }: ConditionOptions): Readonly<Record<string, string>> {
  if (ifMatch === undefined) return {};
  return { 'if-match': ifMatch === '*' ? '*' : `"${ifMatch}"` };
}

/** @param last what the answer ended with */
function endedEarly(last: Wire.BulkOutcome | null): TriptychRequestError {
  if (last?.error !== undefined) return errorOfProblem(last.error);
  return new TriptychRequestError('cut_off', 'the answer ended before all lines had an outcome', {
    retriable: true,
  });
}
