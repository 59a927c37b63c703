import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Explanation, Rule, SourcedRule } from '../../playground/api/wire.ts';
import { ruleKinds, ruleOf, withField } from '../../playground/ask/rule-draft.ts';
import { curlOf, shellQuoted } from '../../playground/words/curl.ts';
import { explainWords } from '../../playground/words/explain-words.ts';
import { msText, nameText, valueText } from '../../playground/words/format.ts';
import { keyFault } from '../../playground/words/key-words.ts';
import { ruleWords } from '../../playground/words/rule-words.ts';
import { ruleSchema } from '../../src/wire/rule.ts';

describe('curlOf', () => {
  /** The words that a shell makes of a command line. */
  const shellWords = (line: string): string[] =>
    execFileSync('sh', ['-c', `for word in ${line}; do printf '%s\\0' "$word"; done`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1);

  it('quotes any text as one word of a shell', () => {
    const texts = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 4 }), (words) => {
        const given = words.map((word) => Buffer.from(word, 'utf8').toString('utf8'));
        expect(shellWords(given.map(shellQuoted).join(' '))).toEqual(given);
      }),
      { numRuns: 20 },
    );
    expect(shellWords(shellQuoted(`it's "$HOME" \`id\` \\ !`))).toEqual([`it's "$HOME" \`id\` \\ !`]);
  });

  it('is a command with the address and the body as they are', () => {
    const body = { query: `rock 'n' roll`, k: 3 };
    const words = shellWords(curlOf('http://localhost:8080', '/v1/search', body, false));
    expect(words).toEqual([
      ...['curl', '-s', 'http://localhost:8080/v1/search', '-H', 'content-type: application/json', '-d'],
      JSON.stringify(body),
    ]);
  });

  it('names the variable of a key, never the key', () => {
    expect(curlOf('http://a', '/b', {}, true)).toContain('-H "authorization: Bearer $TRIPTYCH_API_KEY"');
  });
});

describe('explainWords', () => {
  const why: Explanation = {
    id: 'd',
    title: 'Alien',
    outcome: 'ranked',
    in_window: true,
    sources: ['vector', 'graph'],
    score: 0.41,
    floor: null,
    dropped_by: [],
    pushed_by: [],
    adjusted_by: [],
    ranks: { fused: 2, diverse: 2, final: 2 },
    signals: {},
    path: null,
    coverage: {},
    degraded: false,
    warnings: [],
    took_ms: 1,
    request_id: 'r',
  };
  const rated: SourcedRule = {
    ...{ kind: 'maxRating' as const, field: 'mpaa', value: 'PG', missing: 'drop' as const },
    ...{ source: 'user' as const, index: 0 },
  };

  it('says where a document is', () => {
    const { headline, tone, sentences } = explainWords(why);
    expect([headline, tone]).toEqual(['Alien is in the list, at rank 2.', 'there']);
    expect(sentences).toEqual(['Its score is 0.410.', 'Found by meaning and the graph.']);
  });

  it('says which rule of whom dropped it, and by which value', () => {
    const { headline, tone, sentences } = explainWords({
      ...why,
      outcome: 'dropped',
      dropped_by: [{ rule: rated, value: 'R' }],
      ranks: null,
    });
    expect([headline, tone]).toEqual(['Alien was dropped.', 'missing']);
    expect(sentences[0]).toBe("Dropped by the user's own rule “mpaa at most PG”: its value is R.");
    const hidden = { kind: 'idsExclude', ids: ['d'], source: 'events', index: 0 } as const;
    const byEvent = explainWords({
      ...why,
      outcome: 'dropped',
      dropped_by: [{ rule: { ...hidden, ids: ['d'] }, value: null }],
      ranks: null,
    });
    expect(byEvent.sentences[0]).toBe('Dropped by what the user has hidden.');
    const byFilter = explainWords({
      ...why,
      outcome: 'dropped',
      dropped_by: [{ rule: null, value: null }],
    });
    expect(byFilter.sentences[0]).toBe('Dropped by the filter of this search.');
  });

  it('says what pushed it down, and from where', () => {
    const quota = { kind: 'quota', facet: 'directors', max: 1, within: 5, source: 'user', index: 1 } as const;
    const { tone, sentences } = explainWords({
      ...why,
      ranks: { fused: 2, diverse: 2, final: 6 },
      pushed_by: [{ stage: 'rules', ranks: 4, rule: quota }],
    });
    expect(tone).toBe('lowered');
    expect(sentences).toContain('By score alone it would be at rank 2.');
    expect(sentences).toContain(
      "Pushed down 4 ranks by the user's own rule “at most 1 per value of directors in the first 5”.",
    );
  });

  it('holds a score against the floor', () => {
    const low = explainWords({ ...why, outcome: 'below_floor', score: 0.1, floor: 0.25, ranks: null });
    expect(low.headline).toBe('Alien scores too low for this list.');
    expect(low.sentences[0]).toBe('Its score is 0.100; the list asks for 0.250, 0.150 too little.');
    const pushed = explainWords({ ...why, outcome: 'below_floor', score: 0.3, floor: 0.25, ranks: null });
    expect(pushed.headline).toBe('Alien was pushed off the end of the list.');
    const unfound = explainWords({
      ...why,
      outcome: 'not_recalled',
      in_window: false,
      sources: [],
      floor: 0.2,
      ranks: null,
    });
    expect(unfound.sentences).toContain('No leg brought it among its candidates.');
  });
});

describe('rules', () => {
  const draft = {
    ...{
      facet: 'genres',
      values: 'Drama, War',
      field: 'year',
      from: '1990',
      to: '',
      id: 'a',
      scaled: 'mpaa',
      step: 'PG',
    },
    ...{ days: '10', by: '0.2', rank: '2', max: '1', within: '10', share: '0.3', gap: '2' },
  };

  it.each(Object.keys(ruleKinds) as Rule['kind'][])(
    'of kind %s come out of the form as the service takes them',
    (kind) => {
      const rule = ruleOf(kind, draft, 'number');
      expect(ruleSchema.safeParse(rule).error).toBeUndefined();
      expect(ruleWords(rule)).not.toMatch(/undefined|NaN/);
    },
  );

  it('lose bounds of another type with their field', () => {
    const typeOf = (field: string | undefined) => (field === 'released' ? 'date' : 'number');
    const dated = { field: 'released', from: '1990-01-01', to: '' };
    expect(withField(dated, 'year', typeOf)).toEqual({ field: 'year', from: '', to: '' });
    expect(withField({ ...dated, field: 'gross' }, 'year', typeOf)).toEqual({ field: 'year' });
  });

  it('have words for each kind', () => {
    expect(ruleWords({ kind: 'exclude', facet: 'genres', values: ['Horror', 'War'] })).toBe(
      'no Horror or War',
    );
    expect(ruleWords({ kind: 'range', field: 'year', lt: 1980, missing: 'keep' })).toBe(
      'year below 1980, or unknown',
    );
    expect(ruleWords({ kind: 'minShare', facet: 'l', value: 'fr', share: 0.2, within: 10 })).toBe(
      '20 % fr in the first 10',
    );
  });

  it('out of a shared address may be anything', () => {
    expect(ruleWords({ kind: 'exclude' } as Rule)).toBe('exclude');
    for (const kind of ['strange', 'constructor', 'toString', '__proto__'])
      expect(ruleWords({ kind } as unknown as Rule)).toBe(kind);
  });
});

describe('keyFault', () => {
  it('finds what a header cannot carry', () => {
    expect([keyFault('tk_aZ09.-_~!'), keyFault('')]).toEqual([null, null]);
    for (const key of ['schlüssel', 'a b', 'a\u200b', 'a\n', '“key”'])
      expect(keyFault(key), key).toContain('ASCII');
  });
});

describe('formats', () => {
  it('are for people', () => {
    expect([msText(0.123), msText(3.44), msText(31.6), msText(1234)]).toEqual([
      '0.12 ms',
      '3.4 ms',
      '32 ms',
      '1.2 s',
    ]);
    expect([nameText('us_gross'), nameText('maxRating')]).toEqual(['us gross', 'max rating']);
    expect([
      valueText(1994),
      valueText(7.25),
      valueText(12_300_000),
      valueText('1994-10-14T00:00:00Z', 'date'),
    ]).toEqual([...['1994', '7.25', '12.3M', '1994-10-14']]);
  });
});
