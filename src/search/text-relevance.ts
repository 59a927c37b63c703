import { setImmediate } from 'node:timers/promises';
import { reserveMs } from '../domain/planner.ts';
import type { TextRelevanceAnswer, TextRelevanceRequest } from '../domain/relevance.ts';
import { rescore } from '../domain/rescore.ts';
import { textWeights, textWindow } from '../domain/score-texts.ts';
import { clamp01 } from '../domain/scoring.ts';
import type { Coverage, LegCoverage } from '../domain/search-response.ts';
import {
  type CountedText,
  countsOf,
  scoreTexts,
  TextCounter,
  type WordCounts,
} from '../domain/text/given-texts.ts';
import type { Warning } from '../domain/warning.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { CallOptions } from '../ports/triptych.ts';
import { firstChars } from '../std/first-chars.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { matchingEmbedder } from './embedding-space.ts';
import { coverageOf, type LegOutcome, runLeg, skippedCoverage } from './leg-runner.ts';
import type { SearchParts } from './search-context.ts';

/** Vectors of the query and of each text; null: the text has no content. */
interface Meaning {
  readonly queryVector: Float32Array;
  readonly vectors: readonly (Float32Array | null)[];
}

/** What the texts score by their words. */
interface Words {
  readonly bm25: Float64Array;
  /** false: the deadline passed meanwhile, and all score 0. */
  readonly counted: boolean;
  /** Words that were read, of the query and of the texts. */
  readonly total: number;
  readonly coverage: LegCoverage;
}

/**
 * Scores texts by meaning and by words, with the weights that the profile gives the two. The catalogue, where there is
 * one, says what words are worth; else the texts do among each other. No user and no rule has a part in it: those are
 * about documents. More than limits.rerankEmbeddedTextsMax texts are scored by their words alone.
 * @throws TriptychError unknown_profile | invalid_request | deadline_exceeded
 */
export async function rerankTexts(
  parts: SearchParts,
  tenant: string,
  request: TextRelevanceRequest,
  { startedAtMs }: CallOptions,
): Promise<TextRelevanceAnswer> {
  const { profile, weights } = profileOf(parts, request.profile);
  const catalogue = parts.registry.find(tenant);
  const endMs = startedAtMs + request.timeoutMs - reserveMs(request.timeoutMs);
  const texts = request.texts.map((text) => firstChars(text, request.textCharsMax));
  const meaning = embedTexts(parts, request.query, texts, endMs);
  const words = await readWords(parts, tenant, catalogue, request.query, texts, endMs);
  const { outcome, reason } = await meaning;
  const embedder = outcome === null ? skippedCoverage(reason) : coverageOf(outcome, 0);
  const coverage: Coverage = { lexical: words.coverage, embedder };
  const degraded = words.coverage.state !== 'ok' || (embedder.state !== 'ok' && reason !== noEmbedder);
  if (degraded && !request.partial)
    throw new TriptychError('deadline_exceeded', 'The answer would be incomplete and `partial` is false.', {
      members: { coverage },
    });
  if (!words.counted && embedder.state !== 'ok')
    throw new TriptychError('deadline_exceeded', 'The deadline passed before the texts were read.', {
      members: { coverage },
    });
  const space = spaceOf(parts, catalogue);
  const window = textWindow(profile, weights, {
    queryVector: outcome?.value?.queryVector ?? null,
    vectors: outcome?.value?.vectors ?? texts.map(() => null),
    bm25: words.bm25,
    ...space,
  });
  const ranked = rescore(window, window.request, window, window.rows);
  const count = Math.min(request.topN, ranked.count);
  return {
    results: Array.from({ length: count }, (_, rank) => ({
      index: ranked.positions[rank]!,
      relevance: clamp01(ranked.scores[rank]!),
    })),
    coverage,
    degraded,
    warnings: warningsOf(request, texts, embedder),
    backend: 'js',
    tookMs: parts.clock.nowMs() - startedAtMs,
    words: words.total,
  };
}

function profileOf({ profiles }: SearchParts, name: string) {
  const profile = profiles.get(name);
  if (profile === undefined)
    throw new TriptychError('unknown_profile', `There is no profile "${name}".`, {
      fields: [{ path: 'profile', message: `is none of ${[...profiles.keys()].join(', ')}` }],
    });
  const weights = textWeights(profile);
  if (weights === null) {
    const message = 'weighs neither words nor meaning, and texts have nothing else';
    throw new TriptychError('invalid_request', `profile: ${message}`, {
      fields: [{ path: 'profile', message }],
    });
  }
  return { profile, weights };
}

/** Cosines that count as similarity 0 and 1: the catalogue's, where it is of the embedder's space. */
function spaceOf(
  { embedder }: SearchParts,
  catalogue: ActiveCatalogue | null,
): { readonly lo: number; readonly hi: number } {
  if (catalogue === null || matchingEmbedder(embedder, catalogue.schema) === null) return { lo: 0, hi: 1 };
  const { lo, hi } = catalogue.schema.embedding;
  return { lo, hi };
}

const noEmbedder = 'no_embedder';

/**
 * Embeds the query and the texts in batches, so that a repetition after a deadline that was too short finds those in the
 * cache that were through. All or nothing: a score with a meaning and one without cannot be compared.
 */
async function embedTexts(
  { embedder, clock, meter }: SearchParts,
  query: string,
  texts: readonly string[],
  endMs: number,
): Promise<{ readonly outcome: LegOutcome<Meaning> | null; readonly reason: string }> {
  if (embedder === null) return { outcome: null, reason: noEmbedder };
  if (texts.length > limits.rerankEmbeddedTextsMax) return { outcome: null, reason: 'too_many_texts' };
  const asked = [query, ...texts.filter(hasContent)].map((text) =>
    firstChars(text, limits.embedTextCharsMax),
  );
  const outcome = await runLeg(clock, endMs, async (signal): Promise<Meaning> => {
    const made: Float32Array[] = [];
    while (made.length < asked.length) {
      signal.throwIfAborted();
      made.push(
        ...(await embedder.embed(
          asked.slice(made.length, made.length + limits.rerankEmbedBatchTexts),
          signal,
        )),
      );
    }
    let next = 1;
    return { queryVector: made[0]!, vectors: texts.map((text) => (hasContent(text) ? made[next++]! : null)) };
  });
  // Not as the embedder's latency: a plan for one query must not rest on what a hundred texts took.
  meter.stage('embed_texts', outcome.state, outcome.ms);
  return { outcome, reason: outcome.reason ?? '' };
}

async function readWords(
  parts: SearchParts,
  tenant: string,
  catalogue: ActiveCatalogue | null,
  query: string,
  texts: readonly string[],
  endMs: number,
): Promise<Words> {
  const { clock, meter } = parts;
  const startMs = clock.nowMs();
  const counter = new TextCounter(query, catalogue?.schema.language ?? 'en');
  const asked = catalogue === null ? null : catalogueCounts(parts, tenant, catalogue, counter.terms, endMs);
  const counted = await countAll(counter, texts, clock, endMs);
  const outcome = await asked;
  if (counted === null) {
    const ms = clock.nowMs() - startMs;
    meter.stage('count_words', 'late', ms);
    return {
      bm25: new Float64Array(texts.length),
      counted: false,
      total: counter.words,
      coverage: {
        ...{ state: 'late', ms, budgetMs: Math.max(0, endMs - startMs) },
        ...{ candidates: 0, reason: 'budget_exceeded' },
      },
    };
  }
  const known = outcome?.value ?? null;
  const counts = known !== null && known.documents > 0 ? known : null;
  const ms = clock.nowMs() - startMs;
  const state = outcome?.state ?? 'ok';
  meter.stage('count_words', state, ms);
  return {
    bm25: scoreTexts(counted, counts ?? countsOf(counted, counter.terms.length)),
    counted: true,
    total: counted.reduce((sum, { words }) => sum + words, counter.words),
    coverage: {
      state,
      ms,
      budgetMs: Math.max(0, endMs - startMs),
      candidates: counted.filter(({ frequencies }) => frequencies.some((times) => times > 0)).length,
      ...(counts === null && { reason: outcome?.reason ?? 'counts_of_texts' }),
    },
  };
}

/** null: its index does not count. */
async function catalogueCounts(
  { clock }: SearchParts,
  tenant: string,
  { table, stores }: ActiveCatalogue,
  terms: readonly string[],
  endMs: number,
): Promise<LegOutcome<WordCounts> | null> {
  const { text } = stores;
  if (text.counts === undefined) return null;
  const snapshot = table.acquire();
  try {
    return await runLeg(clock, endMs, (signal, timeoutMs) =>
      text.counts!({ tenant, snapshot, terms, signal, timeoutMs }),
    );
  } finally {
    snapshot.release();
  }
}

/**
 * Long texts take turns with other requests. null: the deadline passed meanwhile; scores of which some have words and some
 * have none cannot be compared.
 */
async function countAll(
  counter: TextCounter,
  texts: readonly string[],
  clock: Clock,
  endMs: number,
): Promise<CountedText[] | null> {
  const counted: CountedText[] = [];
  let chars = 0;
  for (const text of texts) {
    if (chars > limits.rerankTurnChars) {
      await setImmediate();
      if (clock.nowMs() > endMs) return null;
      chars = 0;
    }
    counted.push(counter.count(text));
    chars += text.length;
  }
  return counted;
}

function warningsOf(
  { texts: given, textCharsMax }: TextRelevanceRequest,
  texts: readonly string[],
  embedder: LegCoverage,
): Warning[] {
  const warnings: Warning[] = [];
  const cut = texts.filter((text, i) => text.length < given[i]!.length).length;
  if (cut > 0)
    warnings.push({
      code: 'texts_cut',
      message: `of ${cut} of the texts only the first ${textCharsMax} characters were read`,
    });
  if (embedder.state !== 'ok')
    warnings.push({
      code: 'texts_by_words',
      message: `the texts were scored by their words alone: ${byWordsBecause(embedder)}`,
    });
  return warnings;
}

function byWordsBecause({ state, reason }: LegCoverage): string {
  if (reason === noEmbedder) return 'there is no embedder';
  if (reason === 'too_many_texts') return `more than ${limits.rerankEmbeddedTextsMax} are not embedded`;
  return state === 'late' ? 'they could not be embedded in time' : 'the embedder failed';
}

function hasContent(text: string): boolean {
  return /\S/.test(text);
}
