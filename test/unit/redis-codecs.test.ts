import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { embeddingCodec } from '../../src/adapters/redis/embedding-codec.ts';
import { legScoresCodec } from '../../src/adapters/redis/leg-scores-codec.ts';
import { rankedListCodec } from '../../src/adapters/redis/ranked-list-codec.ts';
import { Seal, type ValueCodec } from '../../src/adapters/redis/sealed-value.ts';
import { joinSections } from '../../src/adapters/redis/sections.ts';
import type { TenantRules } from '../../src/domain/policy.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { listDigest, type RankedList } from '../../src/domain/ranked-list.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { limits } from '../../src/limits.ts';
import type { Cache } from '../../src/ports/cache.ts';
import { idArbitrary } from '../support/arbitraries.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { rulesArbitrary, tenantRulesArbitrary } from '../support/policy-arbitraries.ts';
import { fanOfDocuments, inProcessParts, searchFixture } from '../support/search-fixture.ts';
import { seed } from '../support/seed.ts';
import { eventOf } from '../support/user-fixture.ts';

const requestArbitrary = fc
  .record({
    query: fc.option(fc.constantFrom('robot', 'space robot')),
    like: fc.subarray(['d1', 'd2', 'gone'], { maxLength: 2 }),
    user: fc.option(fc.constant('ann')),
    context: fc.constantFrom('default', 'kids'),
    profile: fc.constantFrom(...builtInProfiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(0, 0.5),
    minScore: fc.constantFrom(null, 0.2),
    constraints: rulesArbitrary,
    cache: fc.constantFrom('use' as const, 'skip' as const),
  })
  .filter(({ query, like, user }) => query !== null || like.some((id) => id !== 'gone') || user !== null);

/** Something is dropped, one pin holds, and one does not. */
const ofEachKind: readonly Rule[] = [
  { kind: 'idsExclude', ids: ['d9'] },
  { kind: 'pin', id: 'd3', rank: 2 },
  { kind: 'pin', id: 'd1', rank: 1 },
];

/** The lists that the service keeps of searches of all kinds, under rules of all kinds. */
async function keptLists(): Promise<RankedList[]> {
  const lists: RankedList[] = [];
  const recording: Cache<RankedList> = {
    get: async () => undefined,
    set: async (_, list) => void lists.push(list),
    delete: async () => {},
    deletePrefix: async () => {},
  };
  // Without rules first: nothing takes from the last search there what it is made for.
  const kids = { description: '', rules: [], preferences: {} };
  const none: TenantRules = { rules: [], contexts: { kids } };
  for (const [i, rules] of [none, ...fc.sample(tenantRulesArbitrary, { numRuns: 12, seed })].entries()) {
    const fixture = await searchFixture(inProcessParts, fanOfDocuments(30), { lists: recording });
    const { service, clock } = fixture;
    await clock.run(service.putRules('default', rules, undefined));
    await clock.run(service.recordEvents('default', [eventOf(fixture, 'ann', 'd5', 'like')]));
    await clock.run(service.recordEvents('default', [eventOf(fixture, 'ann', 'd6', 'hide')]));
    for (const request of fc.sample(requestArbitrary, { numRuns: 20, seed: seed + i }))
      await clock.run(fixture.search({ ...request, k: 1 }));
    await clock.run(fixture.search({ like: ['d1'], k: 1, constraints: ofEachKind }));
    await clock.run(service.close());
  }
  return lists;
}

const clock = new FakeClock();
const listCodec = rankedListCodec(clock);
let lists: readonly RankedList[];
beforeAll(async () => {
  lists = await keptLists();
});

describe('a ranked list', () => {
  it('comes back as it was, whatever search it answers', () => {
    expect(lists.length).toBeGreaterThan(100);
    for (const list of lists)
      expect(listCodec.decode(listCodec.encode(list))).toEqual({ ...list, madeAtMs: expect.any(Number) });
    expect(lists.some(({ paths }) => paths.some((path) => path !== null))).toBe(true);
    expect(lists.some(({ warnings }) => warnings.some(({ rule }) => rule !== undefined))).toBe(true);
    expect(lists.some(({ plan }) => (plan.predicate?.drops ?? []).length > 0)).toBe(true);
    expect(lists.some(({ pinnedBy }) => pinnedBy.some((source) => source !== null))).toBe(true);
    expect(lists.some(({ signals }) => signals.some(Number.isNaN))).toBe(true);
  });

  it('keeps its age in a process whose monotonic clock began at another time', () => {
    const other = new FakeClock();
    const list = { ...lists[0]!, madeAtMs: clock.nowMs() - 5_000 };
    const bytes = listCodec.encode(list);
    // As the same moment shows on a clock that has run for longer.
    const shifted = Object.assign(other, {
      nowMs: () => clock.nowMs() + 1_000_000,
      epochMs: () => clock.epochMs() + 2_000,
    });
    expect(shifted.nowMs() - rankedListCodec(shifted).decode(bytes).madeAtMs).toBeCloseTo(7_000, 6);
    const behind = Object.assign(new FakeClock(), { epochMs: () => clock.epochMs() - 60_000 });
    expect(rankedListCodec(behind).decode(bytes).madeAtMs).toBe(behind.nowMs());
  });

  /** Lists that no search makes; each is what `encode` writes of them. */
  const wrong: readonly [string, (list: RankedList) => RankedList][] = [
    ['another digest', (list) => ({ ...list, digest: '0'.repeat(16) })],
    ['a document twice', (list) => sealed({ ...list, ids: list.ids.map(() => list.ids[0]!) })],
    ['a path too few', (list) => ({ ...list, paths: list.paths.slice(1) })],
    ['a score too few', (list) => ({ ...list, scores: list.scores.slice(1) })],
    ['a signal too many', (list) => ({ ...list, signals: new Float64Array(list.signals.length + 1) })],
    ['a score that is none', (list) => sealed({ ...list, scores: list.scores.map(() => Number.NaN) })],
    [
      'an infinite signal',
      (list) => ({ ...list, signals: list.signals.map(() => Number.POSITIVE_INFINITY) }),
    ],
    [
      'an infinite contribution',
      (list) => ({ ...list, contributions: list.contributions.map(() => Number.NEGATIVE_INFINITY) }),
    ],
    ['an unknown source', (list) => ({ ...list, sources: list.sources.map(() => 255) })],
    ['an unknown pin', (list) => ({ ...list, pinnedBy: list.ids.map(() => 'nobody' as 'user') })],
    [
      'an unknown strategy',
      (list) => ({ ...list, plan: { ...list.plan, strategy: 'Guess' as 'VectorOnly' } }),
    ],
    ['an unknown member', (list) => ({ ...list, extra: 1 }) as RankedList],
    ['a negative total', (list) => ({ ...list, total: { value: -1, relation: 'eq' } })],
  ];

  const sealed = (list: RankedList): RankedList => ({ ...list, digest: listDigest(list.ids, list.scores) });

  it.each(wrong)('is refused with %s', (_, change) => {
    const list = lists.find(({ ids }) => ids.length > 1)!;
    expect(() => listCodec.decode(listCodec.encode(list))).not.toThrow();
    expect(() => listCodec.decode(listCodec.encode(change(list)))).toThrow();
  });
});

describe('answers of legs and embeddings', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(idArbitrary, { maxLength: 20 }),
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 20, maxLength: 20 }),
        fc.nat(20),
        (ids, numbers, hits) => {
          const scores = Float64Array.from(numbers.slice(0, ids.length));
          const value = { ids, scores, hitCount: Math.min(hits, ids.length), isWhole: hits % 2 === 0 };
          expect(legScoresCodec.decode(legScoresCodec.encode(value))).toEqual(value);
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true }),
        (vector) => {
          expect(embeddingCodec.decode(embeddingCodec.encode(vector))).toEqual(vector);
        },
      ),
    );
  });

  it.each([
    ['no component', embeddingCodec, joinSections([new Float32Array(0)])],
    ['half a component', embeddingCodec, joinSections([new Uint8Array(6)])],
    ['NaN', embeddingCodec, joinSections([Float32Array.of(1, Number.NaN)])],
    ['too many', embeddingCodec, joinSections([new Float32Array(limits.dimensionMax + 1)])],
    ['a second vector', embeddingCodec, joinSections([Float32Array.of(1), Float32Array.of(1)])],
    [
      'more hits than ids',
      legScoresCodec,
      joinSections(['{"ids":["a"],"hitCount":2,"isWhole":false}', Float64Array.of(1)]),
    ],
    [
      'a score too few',
      legScoresCodec,
      joinSections(['{"ids":["a","b"],"hitCount":1,"isWhole":false}', Float64Array.of(1)]),
    ],
    [
      'an infinite score',
      legScoresCodec,
      joinSections(['{"ids":["a"],"hitCount":1,"isWhole":false}', Float64Array.of(1 / 0)]),
    ],
    ['no JSON', legScoresCodec, joinSections(['{', Float64Array.of(1)])],
  ] as [string, ValueCodec<unknown>, Buffer][])('are refused with %s', (_, codec, bytes) => {
    expect(() => codec.decode(bytes)).toThrow();
  });
});

describe('any bytes', () => {
  const codecs = (): readonly (readonly [string, ValueCodec<unknown>, Buffer])[] => [
    ['list', listCodec, listCodec.encode(lists[0]!)],
    [
      'leg',
      legScoresCodec,
      legScoresCodec.encode({ ids: ['a'], scores: Float64Array.of(1), hitCount: 1, isWhole: false }),
    ],
    ['embedding', embeddingCodec, embeddingCodec.encode(Float32Array.of(1, 2))],
  ];

  it('are refused or read as a whole value, and never anything else', () => {
    for (const [, codec, whole] of codecs()) {
      const change = fc.record({
        at: fc.nat(whole.length - 1),
        byte: fc.nat(255),
        cut: fc.nat(whole.length),
      });
      fc.assert(
        fc.property(
          fc.array(change, { minLength: 1, maxLength: 4 }),
          fc.uint8Array({ maxLength: 64 }),
          (changes, more) => {
            const bytes = Buffer.from(whole);
            for (const { at, byte } of changes) bytes[at] = byte;
            for (const candidate of [
              bytes,
              bytes.subarray(0, changes[0]!.cut),
              Buffer.concat([whole, more]),
              Buffer.from(more),
            ]) {
              let value: unknown;
              try {
                value = codec.decode(candidate);
              } catch {
                continue;
              }
              expect(codec.decode(codec.encode(value))).toEqual(value);
            }
          },
        ),
        { numRuns: 300 },
      );
    }
  });

  it('are read only under the key of the service and the name that they were written under', () => {
    const seal = new Seal(() => new Uint8Array(32).fill(1));
    const bytes = seal.close('name', Buffer.from('value'));
    expect(seal.open('name', bytes)?.toString()).toBe('value');
    expect(seal.open('nam', bytes)).toBeNull();
    expect(new Seal(() => new Uint8Array(32).fill(2)).open('name', bytes)).toBeNull();
    expect(seal.open('name', bytes.subarray(0, bytes.length - 1))).toBeNull();
    expect(seal.open('name', Buffer.alloc(3))).toBeNull();
  });
});
