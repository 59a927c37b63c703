import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiReference, referenceHeading } from '../../scripts/api-reference.mjs';
import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';
import { hardRuleKinds, listRuleKinds, ruleSources, softRuleKinds } from '../../src/domain/rule.ts';
import { warningCodes } from '../../src/domain/warning.ts';
import { errorCatalogue } from '../../src/errors.ts';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import { routes } from '../../src/http/routes/index.ts';
import { readingTools, writingTools } from '../../src/mcp/tools/index.ts';
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
  it('has the reference that the routes and schemas make: npm run docs:api writes it', () => {
    const text = read('api.md');
    const start = text.indexOf(`\n${referenceHeading}\n`) + 1;
    expect(start).toBeGreaterThan(1);
    expect(text.slice(start)).toBe(apiReference(openApiDocument(routes, '')));
  });

  it('says of every route who may use it, and of every schema what is in it', () => {
    const text = read('api.md');
    for (const { method, path, operation } of routes) {
      expect(text).toContain(`\n### ${method.toUpperCase()} ${path}\n`);
      expect(text).toContain(operation.summary);
    }
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));
    expect(links.filter((link) => !headings.includes(link))).toEqual([]);
    expect(links.length).toBeGreaterThan(100);
  });
});

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('docs/operations.md', () => {
  it('names only metrics that there are', async () => {
    const meter = new PromMeter();
    const real = (await meter.registry.getMetricsAsJSON()).map(({ name }) => name);
    meter.close();
    const named = [...read('operations.md').matchAll(/\b(?:triptych|process)_[a-z_]*_[a-z]+\b/g)].map(
      ([name]) => name,
    );
    expect(named.length).toBeGreaterThan(20);
    const known = (name: string) =>
      real.includes(name) || real.includes(name.replace(/_(count|sum|bucket)$/, ''));
    expect([...new Set(named)].filter((name) => !known(name))).toEqual([]);
  });
});

describe('docs/mcp.md', () => {
  it('has every tool, and no other', () => {
    const documented = rows(read('mcp.md')).map(([name]) => name);
    expect(documented).toEqual([...readingTools, ...writingTools].map(({ name }) => name));
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
