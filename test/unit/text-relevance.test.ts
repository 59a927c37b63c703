import { afterEach, describe, expect, it } from 'vitest';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { TextRelevanceAnswer, TextRelevanceRequest } from '../../src/domain/relevance.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { Embedder } from '../../src/ports/embedder.ts';
import { CachingEmbedder } from '../../src/search/caching-embedder.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
  silentMeter,
} from '../support/search-fixture.ts';

/** Documents with words of which the catalogue says how rare they are: every second has `robot`. */
const documents = fanOfDocuments(40);
const texts = ['robot in space', 'a long way through space', 'a garden in the spring', 'robots and robots'];
const open: SearchFixture[] = [];

async function setUp(embedder?: Embedder | null, parts = inProcessParts): Promise<SearchFixture> {
  const fixture = await searchFixture(
    () => ({ ...parts(), ...(embedder !== undefined && { embedder }) }),
    documents,
  );
  open.push(fixture);
  return fixture;
}

afterEach(async () => {
  for (const { clock, service } of open.splice(0)) await clock.run(service.close());
});

const plain: TextRelevanceRequest = {
  query: 'robot space',
  texts,
  textCharsMax: limits.textCharsMax,
  topN: 1_000,
  profile: 'linear',
  timeoutMs: limits.timeoutMsMax,
  partial: true,
};

function rerank(
  { clock, service }: SearchFixture,
  request: Partial<TextRelevanceRequest> = {},
  tenant = 'default',
): Promise<TextRelevanceAnswer> {
  return clock.run(service.rerankTexts(tenant, { ...plain, ...request }, { startedAtMs: clock.nowMs() }));
}

const scoresOf = ({ results }: TextRelevanceAnswer) =>
  new Map(results.map(({ index, relevance }) => [index, relevance]));

const { embedder: words } = inProcessParts();
const embedderThat = (embed: Embedder['embed']): Embedder => ({ ...words!, embed });
const many = Array.from({ length: limits.rerankEmbeddedTextsMax + 1 }, (_, i) => `robot ${i}`);

describe('rerankTexts', () => {
  it('orders texts by meaning and by words', async () => {
    const fixture = await setUp();
    const answer = await rerank(fixture);
    expect(answer).toMatchObject({ degraded: false, warnings: [], backend: 'js', words: 2 + 3 + 5 + 5 + 3 });
    expect(answer.coverage.embedder?.state).toBe('ok');
    expect(answer.coverage.lexical).toMatchObject({ state: 'ok', candidates: 3 });
    expect(answer.coverage.lexical).not.toHaveProperty('reason');
    expect(answer.results.map(({ index }) => index)[0]).toBe(0);
    expect(answer.results.at(-1)!.index).toBe(2);
    expect((await rerank(fixture, { topN: 2 })).results).toEqual(answer.results.slice(0, 2));
  });

  it('scores a text by itself where a catalogue says what words are worth', async () => {
    const fixture = await setUp();
    const all = scoresOf(await rerank(fixture));
    for (const [index, text] of texts.entries()) {
      const alone = await rerank(fixture, { texts: [text] });
      expect(alone.results[0]!.relevance).toBe(all.get(index));
    }
  });

  it('needs no catalogue: the texts say what words are worth', async () => {
    const fixture = await setUp();
    const answer = await rerank(fixture, {}, 'nobody');
    expect(answer.degraded).toBe(false);
    expect(answer.coverage.lexical).toMatchObject({ state: 'ok', reason: 'counts_of_texts' });
    expect(answer.results[0]!.index).toBe(0);
    // A word that all of the texts have tells them apart less than one that a single text has.
    const rare = await rerank(
      fixture,
      { query: 'alpha beta', texts: ['alpha', 'beta', 'alpha gamma', 'alpha delta'], profile: 'linear' },
      'nobody',
    );
    expect(rare.results[0]!.index).toBe(1);
  });

  it('takes no more texts than can be embedded, and says what the rest is worth', async () => {
    const fixture = await setUp();
    const answer = await rerank(fixture, { texts: many });
    expect(answer.results).toHaveLength(many.length);
    expect([answer.degraded, answer.warnings.map(({ code }) => code)]).toEqual([true, ['texts_by_words']]);
    expect(answer.coverage.embedder).toMatchObject({ state: 'skipped', reason: 'too_many_texts' });
    await expect(rerank(fixture, { texts: many, partial: false })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    const fewer = await rerank(fixture, { texts: many.slice(1) });
    expect([fewer.degraded, fewer.coverage.embedder?.state]).toEqual([false, 'ok']);
  });

  it('asks the embedder in batches, for each text once, and never for one without content', async () => {
    const asked: (readonly string[])[] = [];
    const fixture = await setUp(
      embedderThat((given, signal) => {
        asked.push(given);
        return words!.embed(given, signal);
      }),
    );
    const given = [' ', ...many.slice(0, 60), '', '\n'];
    const answer = await rerank(fixture, { texts: given });
    expect(asked.flat()).toEqual(['robot space', ...many.slice(0, 60)]);
    expect(Math.max(...asked.map(({ length }) => length))).toBe(limits.rerankEmbedBatchTexts);
    const scores = scoresOf(answer);
    expect([0, 61, 62].map((index) => scores.get(index))).toEqual([0, 0, 0]);
  });

  it('goes on without an embedder that is late, and keeps to the deadline', async () => {
    const fixture = await setUp(
      embedderThat(async (given, signal) => {
        await open[0]!.clock.sleep(300);
        return words!.embed(given, signal);
      }),
    );
    const answer = await rerank(fixture, { timeoutMs: 200 });
    expect(answer.tookMs).toBe(180);
    expect(answer.coverage.embedder).toMatchObject({ state: 'late', reason: 'budget_exceeded' });
    expect([answer.degraded, answer.warnings[0]?.code]).toEqual([true, 'texts_by_words']);
    expect(answer.results.map(({ index }) => index).at(-1)).toBe(2);
    await expect(rerank(fixture, { timeoutMs: 200, partial: false })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      members: { coverage: { embedder: { state: 'late' } } },
    });
    expect((await rerank(fixture)).degraded).toBe(false);
    // A hundred texts are no measure of one query.
    expect(fixture.service.planStats().legs.embedder?.count).toBe(0);
  });

  it('goes on where the deadline had ended it, when it is asked again', async () => {
    const clock = () => open[0]!.clock;
    const slow = embedderThat(async (given, signal) => {
      await clock().sleep(100);
      return words!.embed(given, signal);
    });
    const cache = new LruCache<Float32Array>({ entriesMax: 1_000, clock: systemClock });
    const fixture = await setUp(new CachingEmbedder(slow, cache, silentMeter, limits.embedTextCharsMax));
    // 41 texts in batches of 8 take 600 ms.
    const asked = { texts: many.slice(0, 40), timeoutMs: 300 };
    const states = [];
    for (let i = 0; i < 4; i++) states.push((await rerank(fixture, asked)).coverage.embedder?.state);
    expect(states).toEqual(['late', 'late', 'ok', 'ok']);
  });

  it('goes on without an embedder that fails', async () => {
    const fixture = await setUp(
      embedderThat(async () => {
        throw new TriptychError('embedder_unavailable', 'no');
      }),
    );
    const answer = await rerank(fixture);
    expect(answer.coverage.embedder).toMatchObject({ state: 'failed', reason: 'embedder_unavailable' });
    expect([answer.degraded, answer.warnings[0]?.code]).toEqual([true, 'texts_by_words']);
  });

  it('scores by words where there is no embedder, which is no failure', async () => {
    const fixture = await setUp(null);
    const answer = await rerank(fixture, { partial: false });
    expect([answer.degraded, answer.warnings[0]?.code]).toEqual([false, 'texts_by_words']);
    expect(answer.coverage.embedder).toMatchObject({ state: 'skipped', reason: 'no_embedder' });
    expect(answer.results[0]!.relevance).toBeGreaterThan(answer.results.at(-1)!.relevance);
  });

  it('counts words among the texts where the index does not answer, and says so', async () => {
    const fixture = await setUp(undefined, () => {
      const parts = inProcessParts();
      const counts = () => new Promise<never>(() => {});
      return { ...parts, text: { search: (query) => parts.text.search(query), counts } };
    });
    const answer = await rerank(fixture, { timeoutMs: 200 });
    expect(answer.coverage.lexical).toMatchObject({ state: 'late', candidates: 3 });
    expect([answer.degraded, answer.results[0]!.index]).toEqual([true, 0]);
  });

  it('reads no more texts when the deadline has passed: by meaning alone, or not at all', async () => {
    const long = Array.from({ length: 4 }, (_, i) => `${texts[i]} ${'of '.repeat(10_000)}`);
    const passes = () => setImmediate(() => open[0]!.clock.hold(1_000));
    const asked = { texts: long, timeoutMs: 200 };
    const quick = embedderThat((given, signal) => {
      passes();
      return words!.embed(given, signal);
    });
    const answer = await rerank(await setUp(quick), asked);
    expect(answer.coverage).toMatchObject({
      lexical: { state: 'late', reason: 'budget_exceeded', candidates: 0 },
      embedder: { state: 'ok' },
    });
    expect([answer.degraded, answer.results.length, answer.words]).toEqual([true, 4, 2]);
    const code = 'deadline_exceeded';
    await expect(rerank(open[0]!, { ...asked, partial: false })).rejects.toMatchObject({ code });
    const failing = await setUp(
      embedderThat(async () => {
        passes();
        throw new TriptychError('embedder_unavailable', 'no');
      }),
    );
    open.reverse();
    await expect(rerank(failing, asked)).rejects.toMatchObject({
      code,
      members: { coverage: { lexical: { state: 'late' }, embedder: { state: 'failed' } } },
    });
  });

  it('reads the beginning of a long text, and says so', async () => {
    const fixture = await setUp();
    const long = [`${'x '.repeat(10)}robot`, 'robot'];
    const answer = await rerank(fixture, { query: 'robot', texts: long, textCharsMax: 20 });
    expect(answer.warnings).toEqual([
      { code: 'texts_cut', message: 'of 1 of the texts only the first 20 characters were read' },
    ]);
    expect(answer.coverage.lexical?.candidates).toBe(1);
  });

  it('has the weights of a profile, and refuses what weighs neither meaning nor words', async () => {
    const profile = builtInProfiles[0]!;
    const neither = {
      ...profile,
      name: 'neither',
      weights: { ...profile.weights, similarity: 0, lexical: 0, popularity: 0.72 },
    };
    const fixture = await searchFixture(inProcessParts, documents, { profiles: [profile, neither] });
    open.push(fixture);
    await expect(rerank(fixture, { profile: 'neither' })).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'profile' }],
    });
    await expect(rerank(fixture, { profile: 'none' })).rejects.toMatchObject({ code: 'unknown_profile' });
  });
});
