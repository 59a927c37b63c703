import type { ComposedTriptych } from '../../src/compose.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import { parseSearchRequest } from '../../src/wire/search.ts';
import type { BenchCase, BenchContext, Measurement } from '../case.ts';
import type { BenchCatalogue, BenchQuery } from '../catalogue.ts';
import { HttpLoad, type LoadRequest } from '../http-load.ts';
import { interleave, latencies, type Round, runClients, summary, type Variant } from '../measure.ts';
import { historyOf, introduce, richPolicy } from '../person.ts';
import { fill, searchOnce, withService } from '../service.ts';

/** Of a cached answer over HTTP, one connection, at the median. */
const aimMs = 2;
const user = 'reader';
/** Pages of `k` results: the second begins at rank 11, the fifth at 41. */
const pages = [2, 5];

interface Kind {
  readonly name: string;
  readonly cached: boolean;
  /** One for each query. */
  readonly asked: readonly Asked[];
}

/** The same search for both ways. */
interface Asked {
  readonly body: string;
  readonly request: SearchRequest;
}

export const searchCached: BenchCase = {
  name: 'search-cached',
  description:
    'answers from the cache and later pages beside computed ones, in process and over HTTP, 1 client',
  run: (context) =>
    withService(async (open) => {
      const { catalogue, size } = context;
      await fill(open, catalogue);
      await introduce(
        open,
        user,
        richPolicy(catalogue),
        historyOf(user, catalogue, size === 'full' ? 200 : 60),
      );
      const kinds = await kindsOf(open, context);
      const { url, close } = await open.listen();
      const load = new HttpLoad(url);
      try {
        const calls = size === 'full' ? 200 : 20;
        const variants = [
          ...kinds.map((kind) => inProcess(open, kind, calls)),
          ...kinds.map((kind) => overHttp(load, kind, calls)),
          overHttp(load, null, calls),
        ];
        await interleave(variants, size === 'full' ? 2 : 1);
        const rounds = await interleave(variants, size === 'full' ? 7 : 1);
        const measurements = [...rounds].map(([name, list]) => ({ name, values: summary(list) }));
        return { measurements: [...measurements, ...aims(rounds)], notes: notesOf(rounds) };
      } finally {
        await load.close();
        await close();
      }
    }),
};

/** Fills the cache, and walks through the lists for the cursors of their pages. */
async function kindsOf(open: ComposedTriptych, { catalogue, size }: BenchContext): Promise<Kind[]> {
  const queries = size === 'full' ? catalogue.queries : catalogue.queries.slice(0, 20);
  const kinds: Kind[] = [];
  for (const [who, changes] of [
    ['anonymous', {}],
    ['user', { user }],
  ] as const) {
    const asked = (more: WireChanges) =>
      queries.map((query) => askedOf(open, catalogue, query, { ...changes, ...more }));
    const warm = asked({ cache: 'use' });
    kinds.push({ name: `${who}, computed`, cached: false, asked: asked({ cache: 'skip' }) });
    kinds.push({ name: `${who}, cached`, cached: true, asked: warm });
    const later = new Map<number, Asked[]>(pages.map((page) => [page, []]));
    for (const [index, first] of warm.entries()) {
      let { cursor } = await searchOnce(open, first.request);
      for (let page = 2; page <= Math.max(...pages); page += 1) {
        if (cursor === null) throw new Error(`a list ended before page ${page}`);
        const next = askedOf(open, catalogue, queries[index]!, { ...changes, cursor });
        later.get(page)?.push(next);
        ({ cursor } = await searchOnce(open, next.request));
      }
    }
    for (const [page, list] of later) kinds.push({ name: `${who}, page ${page}`, cached: true, asked: list });
  }
  return kinds;
}

type WireChanges = Readonly<{ user?: string; cursor?: string; cache?: 'use' | 'skip' }>;

/** Parsed from the body, so that both ways ask for the very same list. */
function askedOf(
  { service }: ComposedTriptych,
  { schema }: BenchCatalogue,
  { text, embedding, like }: BenchQuery,
  changes: WireChanges,
): Asked {
  const asked = { query: text, embedding: { b64: vectorToBase64(embedding) }, like, ...changes };
  const body = { ...asked, k: 10, partial: false, timeout_ms: 10_000 };
  const request = parseSearchRequest(body, { schema, profiles: service.profiles() });
  return { body: JSON.stringify(body), request };
}

function inProcess(open: ComposedTriptych, { name, cached, asked }: Kind, calls: number): Variant<Round> {
  return {
    name: `in process, ${name}`,
    round: () =>
      runClients(1, calls, async (index) => {
        const response = await searchOnce(open, asked[index % asked.length]!.request);
        if (response.cached !== cached) throw new Error(`${name}: an answer was cached: ${response.cached}`);
      }),
  };
}

/** @param kind null: a route that does nothing, for what HTTP alone takes */
function overHttp(load: HttpLoad, kind: Kind | null, calls: number): Variant<Round> {
  if (kind === null) {
    const requests: LoadRequest[] = [{ method: 'GET', path: '/livez', body: null }];
    return { name: 'HTTP, /livez', round: () => load.run({ requests, connections: 1, calls }) };
  }
  const requests = kind.asked.map(({ body }): LoadRequest => ({ method: 'POST', path: '/v1/search', body }));
  return {
    name: `HTTP, ${kind.name}`,
    round: () =>
      load.run({ requests, connections: 1, calls }, ({ cached, degraded }) => {
        if (cached !== kind.cached || degraded !== false)
          throw new Error(`${kind.name}: an answer was cached: ${cached}, degraded: ${degraded}`);
      }),
  };
}

const aimed = ['anonymous, cached', 'user, cached'];

function aims(rounds: ReadonlyMap<string, readonly Round[]>): Measurement[] {
  return aimed.map((name) => {
    const p50 = medianOf(rounds, name);
    return {
      name: `aim, HTTP, ${name}`,
      values: { aim_p50_ms: aimMs, p50_ms: p50, met: p50 <= aimMs ? 1 : 0 },
    };
  });
}

function medianOf(rounds: ReadonlyMap<string, readonly Round[]>, name: string): number {
  return latencies(rounds.get(`HTTP, ${name}`)!.flatMap(({ samplesMs }) => samplesMs)).p50_ms!;
}

function notesOf(rounds: ReadonlyMap<string, readonly Round[]>): string[] {
  const verdicts = aimed.map((name) => {
    const p50 = medianOf(rounds, name);
    return `aim: ${name}, over HTTP p50 <= ${aimMs} ms: ${p50 <= aimMs ? 'met' : 'missed'} with ${p50} ms`;
  });
  return [
    ...verdicts,
    'HTTP clients run in a worker thread of the same process: they share the cores, not the event loop; /livez is what HTTP alone takes',
    'every query has its own list, so cached answers come from as many lists as there are queries; explain: score, the default',
  ];
}
