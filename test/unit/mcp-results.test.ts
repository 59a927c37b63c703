import { expect, it } from 'vitest';
import { type SearchAnswer, type SimilarAnswer, TriptychClient } from '../../src/client/index.ts';
import { limits } from '../../src/limits.ts';
import { searchText } from '../../src/mcp/text/search-text.ts';
import { similarText } from '../../src/mcp/text/similar-text.ts';
import { errorResultOf, resultOf } from '../../src/mcp/tool-result.ts';
import { readingTools } from '../../src/mcp/tools/index.ts';
import { errorOf, textOf } from '../support/mcp.ts';

it('cuts a text between characters', () => {
  const kept = 'x'.repeat(limits.mcpTextCharsMax - 1);
  const text = textOf(resultOf({ structured: {}, text: `${kept}😀 and more` }));
  expect(text.split('\n')).toEqual([kept, expect.stringContaining('[cut after')]);
  expect(Buffer.from(text).toString()).toBe(text);
});

const result = { rank: 1, title: 'Alien '.repeat(limits.mcpTextCharsMax / 6), id: 'a', score: 0.5 };

it('says what became of a search before its results, which may be cut', () => {
  const answer = {
    results: [result],
    total: { value: 1, relation: 'eq' },
    cursor: 'c1',
    degraded: true,
    warnings: [{ code: 'policy_stale', message: 'old rules' }],
    coverage: { lexical: { state: 'late', ms: 1, budget_ms: 1, candidates: 0 } },
    strategy: 'Hybrid',
    took_ms: 2,
    facet_counts: { genres: [{ value: 'Horror', count: 1 }] },
  } as unknown as SearchAnswer;
  const lines = textOf(resultOf({ structured: {}, text: searchText(answer) })).split('\n');
  expect(lines.slice(0, 5)).toEqual([
    '1 results; 1 documents pass.',
    expect.stringMatching(/^Degraded/),
    'Warning policy_stale: old rules',
    'Search: lexical late; Hybrid, 2 ms.',
    'More with cursor: c1',
  ]);
  expect(lines[5]).toMatch(/^1\. Alien/);
  expect(lines.at(-1)).toContain('[cut after');
  expect(searchText(answer).split('\n').at(-1)).toBe('genres: Horror 1');
});

it('says of similar documents first that some may be missing', () => {
  const answer = { id: 'b', degraded: true, results: [{ ...result, similarity: null, reasons: [] }] };
  expect(similarText(answer as unknown as SimilarAnswer).split('\n')).toEqual([
    'Next to b:',
    expect.stringMatching(/^Degraded/),
    expect.stringMatching(/^1\. Alien/),
  ]);
});

it('refuses arguments that are nested too deep, with a path, before anything walks them', async () => {
  const client = new TriptychClient({ url: 'http://127.0.0.1:1' });
  const search = readingTools.find(({ name }) => name === 'search')!;
  let filter: unknown = { ids: ['a'] };
  for (let depth = 0; depth < 100_000; depth++) filter = { not: filter };
  const error: unknown = await search
    .run({ query: 'x', filter }, { client, options: {} })
    .catch((reason: unknown) => reason);
  expect(errorOf(errorResultOf(error))).toMatchObject({
    code: 'invalid_request',
    fields: [{ path: 'filter', message: expect.stringContaining('nested too deep') }],
  });
});
