import { describe, expect, it } from 'vitest';
import type { StoredDocument } from '../../src/domain/document.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { unit } from '../support/arbitraries.ts';
import { remoteParts } from '../support/remote-parts.ts';
import {
  fanOfDocuments,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

/** d0 .. d19, of which the most popular, d18 and d19, are resident. */
const documents = fanOfDocuments(20);
const residentRowsMax = 2;
const embedding = unit([1, 0, 0, 0, 0, 0, 0, 0]);

type Read = SearchFixture['store']['embeddings'];

/** A service whose reads by id go through `change`. */
async function fixtureWith(change: (read: Read, fixture: SearchFixture) => Read): Promise<SearchFixture> {
  const fixture = await searchFixture(remoteParts, documents, { residentRowsMax });
  const { store } = fixture;
  store.embeddings = change(store.embeddings.bind(store), fixture);
  return fixture;
}

const hung: Read = () => new Promise(() => {});

function calls(into: string[][]) {
  return (read: Read): Read =>
    async (tenant, generation, ids) => {
      into.push([...ids]);
      return read(tenant, generation, ids);
    };
}

describe('reading candidates that are not resident', () => {
  it('asks once for those that are not in memory, and says so', async () => {
    const asked: string[][] = [];
    const fixture = await fixtureWith(calls(asked));
    const answer = await fixture.clock.run(fixture.search({ embedding, k: 100, explain: 'plan' }));
    expect(asked.map((ids) => ids.sort())).toEqual([
      documents
        .slice(0, 18)
        .map(({ id }) => id)
        .sort(),
    ]);
    expect(answer.coverage.documents).toMatchObject({ state: 'ok', candidates: 18 });
    expect(answer.results.length).toBe(20);
    expect(answer.degraded).toBe(false);
    expect(answer.plan!.documents).toEqual({ budgetMs: 450, estimatedMs: 10 });
    expect(answer.plan!.stages).toContain('documents');
  });

  it('asks for nothing where no vector is compared', async () => {
    const asked: string[][] = [];
    const fixture = await fixtureWith(calls(asked));
    const filter = { kind: 'facet', facet: 'genres', match: 'any', values: ['Comedy'] } as const;
    const answer = await fixture.clock.run(fixture.search({ filter }));
    expect([asked, answer.results.length, answer.coverage.documents]).toEqual([[], 7, undefined]);
  });

  it('asks for nothing that a hard rule drops', async () => {
    const asked: string[][] = [];
    const fixture = await fixtureWith(calls(asked));
    const constraints = [{ kind: 'exclude', facet: 'genres', values: ['Drama'] } as const];
    const answer = await fixture.clock.run(fixture.search({ embedding, constraints, k: 100 }));
    expect(asked.flat().every((id) => Number(id.slice(1)) % 3 === 0)).toBe(true);
    expect(answer.results.length).toBe(7);
    expect(answer.total).toEqual({ value: 7, relation: 'eq' });
  });

  it('leaves a hung read behind inside the deadline: what is resident is answered, marked and not kept', async () => {
    const fixture = await fixtureWith(() => hung);
    const answer = await fixture.clock.run(fixture.search({ embedding, timeoutMs: 200 }));
    expect(answer.tookMs).toBe(180);
    expect(answer.results.map(({ id }) => id)).toEqual(['d18', 'd19']);
    expect(answer.degraded).toBe(true);
    expect(answer.coverage.documents).toMatchObject({
      state: 'late',
      reason: 'budget_exceeded',
      candidates: 0,
    });
    expect(answer.coverage.vector).toMatchObject({ state: 'ok', candidates: 20 });
    const again = await fixture.clock.run(fixture.search({ embedding, timeoutMs: 200 }));
    expect(again.cached).toBe(false);
  });

  it('gives legs that are late no time that reads need', async () => {
    const fixture = await searchFixture(
      (clock) => ({
        ...remoteParts(),
        text: { search: () => clock.sleep(10_000).then(() => Promise.reject(new Error('late'))) },
      }),
      documents,
      { residentRowsMax },
    );
    const { store, clock } = fixture;
    const read = store.embeddings.bind(store);
    store.embeddings = async (...args) => {
      await clock.sleep(100);
      return read(...args);
    };
    const answer = await clock.run(fixture.search({ query: 'robot', embedding, k: 100 }));
    expect(answer.coverage.lexical).toMatchObject({ state: 'late' });
    expect(answer.coverage.documents).toMatchObject({ state: 'ok', candidates: 18 });
    expect(answer.results.length).toBe(20);
    expect(answer.tookMs).toBeLessThanOrEqual(450);
  });

  it('reports a failed read by code and never by the words of a driver', async () => {
    const fixture = await fixtureWith(() => async () => {
      throw new Error('secret');
    });
    const answer = await fixture.clock.run(fixture.search({ embedding }));
    expect(answer.coverage.documents).toMatchObject({ state: 'failed', reason: 'error' });
    expect(answer.results.length).toBe(2);
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('says that a store is left alone that keeps failing', async () => {
    const fixture = await fixtureWith(() => async () => {
      throw new TriptychError('store_open', 'left alone');
    });
    const answer = await fixture.clock.run(fixture.search({ embedding }));
    expect(answer.coverage.documents).toMatchObject({ state: 'open', reason: 'store_open' });
  });

  it('answers 503 when no candidate could be read, never an empty list', async () => {
    const fixture = await fixtureWith(() => hung);
    const filter = { kind: 'not', of: { kind: 'ids', ids: ['d18', 'd19'] } } as const;
    const search = fixture.clock.run(fixture.search({ embedding, filter }));
    await expect(search).rejects.toMatchObject({
      code: 'unavailable',
      members: { coverage: { documents: { state: 'late' } } },
    });
  });

  it('answers 504 to who takes nothing incomplete', async () => {
    const fixture = await fixtureWith(() => hung);
    const search = fixture.clock.run(fixture.search({ embedding, partial: false }));
    await expect(search).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('drops a pin that cannot be read, with a warning', async () => {
    const fixture = await fixtureWith(() => hung);
    const constraints = [
      { kind: 'pin', id: 'd3', rank: 1 } as const,
      { kind: 'pin', id: 'd19', rank: 1 } as const,
    ];
    const answer = await fixture.clock.run(fixture.search({ embedding, constraints }));
    // The next pin at that rank holds.
    expect(answer.results.map(({ id }) => id)).toEqual(['d19', 'd18']);
    expect(answer.warnings).toMatchObject([{ code: 'pin_dropped' }]);
  });

  it('leaves out what was written since the epoch, and has it again in the next', async () => {
    const fixture = await fixtureWith(
      (read, { store, service, clock }) =>
        async (tenant, generation, ids) => {
          store.embeddings = read;
          const moved: StoredDocument = {
            ...documents[4]!,
            version: 1,
            embedding: unit([0, 1, 0, 0, 0, 0, 0, 0]),
          };
          await store.write(tenant, generation, [
            { kind: 'put', document: moved },
            { kind: 'delete', id: 'd5' },
          ]);
          void [service, clock];
          return read(tenant, generation, ids);
        },
    );
    const answer = await fixture.clock.run(fixture.search({ embedding, k: 100 }));
    const wanted = documents.map(({ id }) => id).filter((id) => id !== 'd4' && id !== 'd5');
    expect(answer.results.map(({ id }) => id).sort()).toEqual(wanted.sort());
    expect(answer.coverage.documents).toMatchObject({
      state: 'failed',
      reason: 'documents_changed',
      candidates: 16,
    });
    await fixture.clock.run(fixture.clock.sleep(1_000));
    const next = await fixture.clock.run(fixture.search({ embedding, k: 100 }));
    expect(next.results.at(-1)?.id).toBe('d4');
    expect([next.results.length, next.degraded]).toEqual([19, false]);
  });
});

describe('seeds that are not resident', () => {
  it('are read for their mean before the vectors are asked', async () => {
    const asked: string[][] = [];
    const fixture = await fixtureWith(calls(asked));
    const answer = await fixture.clock.run(fixture.search({ like: ['d2', 'd19'] }));
    expect(asked[0]).toEqual(['d2']);
    expect(answer.coverage.vector).toMatchObject({ state: 'ok' });
  });

  it('that cannot be read cost the vector leg alone', async () => {
    const fixture = await fixtureWith(() => hung);
    const answer = await fixture.clock.run(fixture.search({ like: ['d2', 'd19'] }));
    expect(answer.coverage.vector).toMatchObject({ state: 'skipped', reason: 'no_vector' });
    expect(answer.coverage.graph).toMatchObject({ state: 'ok' });
    expect(answer.coverage.documents).toMatchObject({ state: 'late' });
    expect(answer.degraded).toBe(true);
    expect(answer.tookMs).toBeLessThanOrEqual(450);
  });
});

describe('the other questions', () => {
  const options = ({ clock }: SearchFixture) => ({ startedAtMs: clock.nowMs() });

  it('explain says that a document cannot be read', async () => {
    const fixture = await fixtureWith(() => hung);
    const { service, clock } = fixture;
    const request = { ...plainRequest, embedding };
    const resident = await clock.run(service.explain('default', request, 'd19', options(fixture)));
    expect(resident.coverage.documents).toMatchObject({ state: 'late' });
    await expect(
      clock.run(service.explain('default', request, 'd3', options(fixture))),
    ).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('similar leaves out what it cannot read, and says when that is all', async () => {
    const fixture = await fixtureWith(() => hung);
    const { service, clock } = fixture;
    const near = await clock.run(service.similar('default', 'd19', 10, options(fixture)));
    expect(near.neighbours.map(({ id }) => id)).toEqual(['d18']);
    expect([near.degraded, near.coverage.documents?.state]).toEqual([true, 'late']);
    await expect(clock.run(service.similar('default', 'd3', 10, options(fixture)))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('rerank leaves out what it cannot read', async () => {
    const fixture = await fixtureWith(() => hung);
    const { service, clock } = fixture;
    const request = { search: { ...plainRequest, query: 'robot' }, ids: ['d3', 'd18', 'd19'], topN: 3 };
    const answer = await clock.run(service.rerank('default', request, options(fixture)));
    expect(answer.results.map(({ index }) => index).sort()).toEqual([1, 2]);
    expect([answer.degraded, answer.coverage.documents?.state]).toEqual([true, 'late']);
  });
});

describe('learning from documents that are not resident', () => {
  const liked = (fixture: SearchFixture) => [eventOf(fixture, 'ann', 'd3', 'like')];

  it('waits for the truth, and loses nothing', async () => {
    let down = true;
    const fixture = await fixtureWith(
      (read) =>
        (...args) =>
          down ? Promise.reject(new Error('down')) : read(...args),
    );
    await learn(fixture, 'ann', [['d3', 'like']]);
    expect((await fixture.users.state('default', 'ann')).taste).toBeNull();
    down = false;
    await fixture.clock.run(fixture.clock.sleep(limits.loopPauseMsMax + 1_000));
    expect((await fixture.users.state('default', 'ann')).taste).not.toBeNull();
  });

  it('shows what was acknowledged in the next answer', async () => {
    const fixture = await fixtureWith((read) => read);
    await fixture.clock.run(fixture.service.recordEvents('default', liked(fixture)));
    const answer = await fixture.clock.run(fixture.search({ user: 'ann', profile: 'personal' }));
    expect(answer.results[0]!.signals!.taste!.value).toBeGreaterThan(0);
    expect(answer.warnings).toEqual([]);
  });

  it('warns where the documents of the newest events cannot be read in time', async () => {
    let answers: Read = hung;
    const fixture = await fixtureWith((read) => {
      answers = read;
      return hung;
    });
    await fixture.clock.run(fixture.service.recordEvents('default', liked(fixture)));
    const answer = await fixture.clock.run(fixture.search({ user: 'ann', profile: 'personal' }));
    expect(answer.warnings).toMatchObject([{ code: 'events_unread' }]);
    expect(answer.tookMs).toBeLessThanOrEqual(450);
    expect(answer.results.length).toBeGreaterThan(0);
    // The head is remembered, and still asks for them.
    fixture.store.embeddings = answers;
    const next = await fixture.clock.run(fixture.search({ user: 'ann', profile: 'personal' }));
    expect(next.warnings).toEqual([]);
    expect(next.results[0]!.signals!.taste!.value).toBeGreaterThan(0);
  });
});
