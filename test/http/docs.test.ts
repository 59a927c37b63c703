import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';
import { hardRuleKinds, listRuleKinds, ruleSources, softRuleKinds } from '../../src/domain/rule.ts';
import { warningCodes } from '../../src/domain/warning.ts';
import { errorCatalogue } from '../../src/errors.ts';
import { routes } from '../../src/http/routes/index.ts';
import { ruleSchema } from '../../src/wire/rule.ts';

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

/** Rows of the tables of a document, cells without backticks. */
function rows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}

describe('docs/errors.md', () => {
  it('has every code with its status, and no other', () => {
    const documented = rows(read('errors.md')).map(([code, status, retriable, title]) => ({
      code,
      status: Number(status),
      retriable: retriable === 'yes',
      title,
    }));
    const real = Object.entries(errorCatalogue).map(([code, entry]) => ({ code, ...entry }));
    const byCode = (a: { code?: string | undefined }, b: { code?: string | undefined }) =>
      String(a.code).localeCompare(String(b.code));
    expect(documented.sort(byCode)).toEqual(real.sort(byCode));
  });
});

describe('docs/metrics.md', () => {
  it('has every metric of the registry with its labels, and no other', async () => {
    const meter = new PromMeter();
    const types = await meter.registry.getMetricsAsJSON();
    meter.close();
    const documented = rows(read('metrics.md')).map(([name, type, labels]) => [name, type, labels]);
    const metrics = types.map(({ name, type }) => {
      const metric = meter.registry.getSingleMetric(name) as unknown as {
        readonly labelNames: readonly string[];
      };
      const labels = metric.labelNames.map((label) => `\`${label}\``).join(', ');
      return [name, String(type), labels === '' ? 'none' : labels];
    });
    // A cell that is one label in backticks was read without them.
    const shown = (row: readonly (string | undefined)[]) => row.join(' | ').replaceAll('`', '');
    expect(documented.map(shown).sort()).toEqual(metrics.map(shown).sort());
  });
});

describe('docs/api.md', () => {
  it('lists every route, and no other', () => {
    const documented = rows(read('api.md')).map(([route]) => route);
    const real = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(documented.sort()).toEqual(real.sort());
  });
});

describe('docs/rules.md', () => {
  it('has every kind with an example that is a rule of it, and no other', () => {
    const documented = rows(read('rules.md')).map(([kind, example]) => ({
      kind,
      parsed: ruleSchema.parse(JSON.parse(example!)).kind,
    }));
    const kinds = [...hardRuleKinds, ...softRuleKinds, ...listRuleKinds];
    expect(documented.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    for (const { kind, parsed } of documented) expect(parsed).toBe(kind);
  });

  it('names every source, and every warning about rules', () => {
    const text = read('rules.md');
    for (const source of ruleSources) expect(text).toContain(`\n| ${source} |`);
    for (const code of warningCodes.filter((name) => /rule|pin/.test(name)))
      expect(text).toContain(`\`${code}\``);
  });

  it('is linked', () => {
    expect(read('api.md')).toContain('](rules.md)');
    expect(read('ranking.md')).toContain('](rules.md)');
  });
});
