import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type ComposedTriptych, defaultTenant } from '../../src/compose.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import type { BenchCase, BenchContext, BenchSize, Measurement } from '../case.ts';
import { type BenchCatalogue, searchOf } from '../catalogue.ts';
import { HttpLoad, type LoadRequest } from '../http-load.ts';
import { interleave, latencies, median, type Round, round, runClients, summary } from '../measure.ts';
import { eventOf } from '../person.ts';
import { fill, searchOnce, withService } from '../service.ts';

/** Acknowledged events become part of their users' state within this, at the steady rate. */
const aimMs = 1_000;
const steadyPerSecond = 200;
const steadyBatch = 10;
const searchesPerSecond = 20;
const userCount = 50;

/** Calls of a round by the size of their batch: few of large ones, because applying is slower than acknowledging. */
const callsByBatch = new Map([
  [1, 120],
  [10, 40],
  [100, 10],
]);
const clientCounts = [1, 8];

/** A round of calls as fast as they are answered, and how long until all their events are applied. */
interface Burst extends Round {
  readonly events: number;
  readonly appliedMs: number;
}

export const events: BenchCase = {
  name: 'events',
  description: 'events acknowledged and applied, in process and over HTTP, and searches meanwhile',
  run: (context) =>
    withService(async (open) => {
      await fill(open, context.catalogue);
      await searchOnce(open, searchOf(context.catalogue.queries[0]!));
      const feed = new EventFeed(open, context.catalogue);
      const { url, close } = await open.listen();
      const loads = [new HttpLoad(url), new HttpLoad(url)] as const;
      try {
        const flush = latencies(flushes(context.size === 'full' ? 200 : 20));
        const bursts = await measureBursts(loads[0], feed, context.size);
        const steady = await measureSteady(loads, feed, context);
        return {
          measurements: [{ name: 'limit: flush of the disk', values: flush }, ...bursts, ...steady],
          notes: notesOf(steady, flush.p50_ms!),
        };
      } finally {
        await Promise.all(loads.map((load) => load.close()));
        await close();
      }
    }),
};

/** Makes events nobody has seen yet, and tells when what was acknowledged is applied. */
class EventFeed {
  readonly open: ComposedTriptych;
  readonly #documents: BenchCatalogue['documents'];
  #count = 0;

  constructor(open: ComposedTriptych, catalogue: BenchCatalogue) {
    this.open = open;
    // What has no genre teaches nothing that a probe could see.
    this.#documents = catalogue.documents.filter(({ facets }) => (facets.genres ?? []).length > 0);
  }

  next(count: number): UserEvent[] {
    return Array.from({ length: count }, () => {
      const n = this.#count++;
      return eventOf(`e${n}`, `u${n % userCount}`, this.#documents[(n * 7) % this.#documents.length]!, n);
    });
  }

  /** Milliseconds from the acknowledgement of one more event, of a new user, until it is applied: in order, so the last. */
  async untilApplied(): Promise<number> {
    const { service } = this.open;
    const [event] = this.next(1);
    const user = `probe${this.#count}`;
    await service.recordEvents(defaultTenant, [{ ...event!, user, type: 'like' }]);
    const acknowledged = performance.now();
    for (;;) {
      const { learned } = await service.policy(defaultTenant, user, 'default');
      const ms = performance.now() - acknowledged;
      if (Object.keys(learned).length > 0) return ms;
      if (ms > 60_000) throw new Error('an event is not applied after a minute');
      await setTimeout(2);
    }
  }
}

async function measureBursts(load: HttpLoad, feed: EventFeed, size: BenchSize): Promise<Measurement[]> {
  const variants = ['in process', 'HTTP'].flatMap((way) =>
    [...callsByBatch].flatMap(([batch, fullCalls]) =>
      clientCounts.map((clients) => {
        const calls = size === 'full' ? fullCalls : 4;
        const run = way === 'HTTP' ? overHttp : inProcess;
        return {
          name: `${way}, ${clients} client${clients === 1 ? '' : 's'} x ${batch}`,
          round: async (): Promise<Burst> => {
            const done = await run(load, feed, clients, calls, batch);
            return { ...done, events: calls * batch, appliedMs: await feed.untilApplied() };
          },
        };
      }),
    ),
  );
  await interleave(
    variants.filter(({ name }) => name.endsWith(' x 1')),
    1,
  );
  const rounds = await interleave(variants, size === 'full' ? 3 : 1);
  return [...rounds].map(([name, list]) => ({ name, values: burstValues(list) }));
}

function burstValues(bursts: readonly Burst[]): Record<string, number> {
  const { per_second: calls, ...times } = summary(bursts);
  return {
    ...times,
    calls_per_second: calls!,
    events_per_second: round(median(bursts.map(({ events, seconds }) => events / seconds))),
    applied_per_second: round(
      median(bursts.map(({ events, seconds, appliedMs }) => events / (seconds + appliedMs / 1_000))),
    ),
    applied_after_ms: round(median(bursts.map(({ appliedMs }) => appliedMs))),
  };
}

async function inProcess(_load: HttpLoad, feed: EventFeed, clients: number, calls: number, batch: number) {
  const { service } = feed.open;
  const lists = Array.from({ length: calls }, () => feed.next(batch));
  return runClients(clients, calls, async (index) => {
    const { accepted } = await service.recordEvents(defaultTenant, lists[index]!);
    if (accepted !== batch) throw new Error(`${accepted} of ${batch} events were accepted`);
  });
}

async function overHttp(load: HttpLoad, feed: EventFeed, connections: number, calls: number, batch: number) {
  return load.run({ requests: requestsOf(feed, calls, batch), connections, calls }, acceptAll(batch));
}

function acceptAll(batch: number) {
  return ({ accepted }: Readonly<Record<string, unknown>>): void => {
    if (accepted !== batch) throw new Error(`${accepted} of ${batch} events were accepted`);
  };
}

function requestsOf(feed: EventFeed, calls: number, batch: number): LoadRequest[] {
  return Array.from({ length: calls }, () => {
    const list = feed.next(batch).map(({ eventId, user, document, type, atMs }) => ({
      event_id: eventId,
      user,
      document,
      type,
      at: new Date(atMs).toISOString(),
    }));
    return { method: 'POST', path: '/v1/events', body: JSON.stringify({ events: list }) };
  });
}

/** Paced searches alone, then with paced events beside them, both over HTTP. */
async function measureSteady(
  [eventLoad, searchLoad]: readonly [HttpLoad, HttpLoad],
  feed: EventFeed,
  { catalogue, size }: BenchContext,
): Promise<Measurement[]> {
  const seconds = size === 'full' ? 10 : 1;
  const requests = catalogue.queries.map(({ text, embedding, like }): LoadRequest => {
    const vector = { b64: vectorToBase64(embedding) };
    const body = { query: text, embedding: vector, like, cache: 'skip', partial: false, timeout_ms: 10_000 };
    return { method: 'POST', path: '/v1/search', body: JSON.stringify(body) };
  });
  const calls = searchesPerSecond * seconds;
  const search = () => searchLoad.run({ requests, connections: 4, calls, perSecond: searchesPerSecond });
  const alone = await search();
  const perSecond = steadyPerSecond / steadyBatch;
  const applied: number[] = [];
  let under = true;
  const probe = async (): Promise<void> => {
    for (; under; await setTimeout(200)) applied.push(await feed.untilApplied());
  };
  const probing = probe();
  const batched = requestsOf(feed, perSecond * seconds, steadyBatch);
  const job = { requests: batched, connections: 8, calls: batched.length, perSecond };
  const [beside, acknowledged] = await Promise.all([search(), eventLoad.run(job, acceptAll(steadyBatch))]);
  under = false;
  await probing;
  const after = latencies(applied);
  return [
    { name: 'searches alone', values: latencies(alone.samplesMs) },
    { name: 'searches beside events', values: latencies(beside.samplesMs) },
    { name: `acks at ${steadyPerSecond} events/s`, values: latencies(acknowledged.samplesMs) },
    {
      name: `applied at ${steadyPerSecond} events/s`,
      values: { ...after, aim_max_ms: aimMs, met: after.max_ms! <= aimMs ? 1 : 0 },
    },
  ];
}

/** What a write of one page and its flush take in the folder of the benches, in milliseconds. */
function flushes(count: number): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'triptych-bench-'));
  const page = new Uint8Array(8_192);
  const file = openSync(join(folder, 'page'), 'w');
  try {
    return Array.from({ length: count }, () => {
      const started = performance.now();
      writeSync(file, page);
      fsyncSync(file);
      return performance.now() - started;
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

function notesOf(steady: readonly Measurement[], flushMs: number): string[] {
  const { max_ms: max, met } = steady.at(-1)!.values;
  return [
    `aim: applied within ${aimMs} ms at ${steadyPerSecond} events/s: ${met === 1 ? 'met' : 'missed'}, ${max} ms at most`,
    `an acknowledgement waits for a commit and its flush, so one client alone cannot be faster than the disk: ${flushMs} ms at the median for one page here; what arrives during a commit shares the next one`,
    `events of ${userCount} users; applied_after_ms: from the last acknowledgement of a round until all its events are applied`,
    `searches: ${searchesPerSecond} a second over HTTP, all legs, nothing cached; events meanwhile in batches of ${steadyBatch}`,
  ];
}
