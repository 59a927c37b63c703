import { execFileSync } from 'node:child_process';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServedDemo } from './served-demo.ts';
import { noBrowser, openBrowser, settled, titles, totalOf, type Visit, visit } from './visitor.ts';

describe.skipIf(noBrowser !== null)(
  `the playground${noBrowser === null ? '' : ` (skipped: ${noBrowser})`}`,
  () => {
    let demo: ServedDemo;
    let browser: Browser;
    const visits: Visit[] = [];

    beforeAll(async () => {
      demo = new ServedDemo();
      [browser] = await Promise.all([openBrowser(), demo.start()]);
      await demo.introduceAnn();
    });

    afterAll(async () => {
      await browser?.close();
      await demo?.end();
    });

    afterEach(async () => {
      const faults = visits.flatMap((one) => one.faults);
      for (const one of visits.splice(0)) await one.close();
      expect(faults).toEqual([]);
    });

    async function open(ask = '', options: BrowserContextOptions = {}): Promise<Page> {
      const opened = await visit(browser, demo.url, ask, options);
      visits.push(opened);
      return opened.page;
    }

    /** Takes back faults that a test wanted. */
    const forgive = (pattern: RegExp) => {
      for (const { faults } of visits)
        faults.splice(0, faults.length, ...faults.filter((one) => !pattern.test(one)));
    };

    it('offers questions of this catalogue before anything is asked', async () => {
      const page = await open();
      await page.locator('.sample').nth(8).waitFor();
      expect(await page.locator('.catalogue-name').textContent()).toContain('3,201 documents');
      const sample = page.locator('h3:text("Something like") + .samples .sample').first();
      const title = await sample.textContent();
      await sample.click();
      await settled(page);
      expect(await page.locator('#query').inputValue()).toBe(title);
      expect((await titles(page)).length).toBe(10);
    });

    it('searches as one types, and an older answer never overwrites a newer one', async () => {
      const page = await open();
      const bodies: string[] = [];
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/v1/search', async (route) => {
        const body = route.request().postData() ?? '';
        bodies.push(body);
        if (body.includes('"query":"shark"')) await held;
        await route.continue().catch(() => {});
      });
      await page.locator('.sample').first().waitFor();
      bodies.splice(0);
      // Faster than any machine rests: one search for the whole word, none for a letter.
      await page.evaluate(
        `for (const typed of ['s', 'sh', 'sha', 'shar', 'shark']) {
          const box = document.getElementById('query');
          box.value = typed;
          box.dispatchEvent(new InputEvent('input', { bubbles: true }));
        }`,
      );
      await expect.poll(() => bodies.some((body) => body.includes('"query":"shark"'))).toBe(true);
      const typed = bodies
        .map((body) => (JSON.parse(body) as { query?: string }).query ?? '')
        .filter((query) => query !== '' && 'shark'.startsWith(query));
      expect(typed).toEqual(['shark']);
      await page.locator('#query').fill('ghost');
      await expect
        .poll(async () => (await titles(page)).filter((title) => /ghost/i.test(title)).length)
        .toBeGreaterThan(3);
      const newer = await titles(page);
      release();
      await page.waitForTimeout(1_000);
      expect(await titles(page)).toEqual(newer);
      expect(page.url()).toContain('q=ghost');
    });

    it('filters by facets with exact counts', async () => {
      const page = await open('q=ghost');
      await settled(page);
      const value = page.locator('.side-panel .facet-value', { hasText: 'Horror' });
      const count = Number((await value.locator('.facet-count').textContent())?.replaceAll(',', ''));
      await value.click();
      await expect.poll(() => totalOf(page)).toBe(count);
      await expect.poll(() => value.getAttribute('aria-pressed')).toBe('true');
      await page.locator('#results .chip', { hasText: 'Horror' }).getByRole('button').click();
      await expect.poll(() => totalOf(page)).toBe(3201);
    });

    it('adds rules of a request and takes them away, and shows those of others', async () => {
      const page = await open('q=ghost+story');
      await settled(page);
      await page.getByRole('button', { name: 'Add rule' }).click();
      await page.selectOption('#rule-kind', 'exclude');
      await page.selectOption('#rule-facet', 'genres');
      await page.fill('#rule-values', 'Horror');
      await page.getByRole('button', { name: 'Add', exact: true }).click();
      await expect.poll(() => totalOf(page)).toBeLessThan(3201);
      expect(await page.locator('#results .chip').textContent()).toContain('no Horror');
      const first = (await titles(page))[2]!;
      await page.locator('.card-title').nth(2).click();
      await page.getByRole('button', { name: 'Pin to rank 1' }).click();
      await expect.poll(async () => (await titles(page))[0]).toBe(first);
      for (const kind of ['quota', 'spacing']) {
        await page.getByRole('button', { name: 'Add rule' }).click();
        await page.selectOption('#rule-kind', kind);
        await page.getByRole('button', { name: 'Add', exact: true }).click();
        await page.locator('#results .chip', { hasText: kind }).waitFor();
        await settled(page);
        expect(await page.locator('.problem').count()).toBe(0);
      }
      for (let left = 4; left > 0; left--) {
        await expect.poll(() => page.locator('#results .chip').count()).toBe(left);
        await page.locator('#results .chip button').first().click();
      }
      await expect.poll(() => totalOf(page)).toBe(3201);
      await page.selectOption('#context', 'kids');
      await page.locator('.side-panel .chip', { hasText: 'no Horror' }).waitFor();
      await expect.poll(() => totalOf(page)).toBeLessThan(1000);
      await page.fill('#user', 'ann');
      await page.press('#user', 'Enter');
      await page.locator('.side-panel .chip', { hasText: 'nothing already seen' }).waitFor();
      await page.locator('.tastes li').first().waitFor();
    });

    it('shows what a score is made of, as a bar and as a table', async () => {
      const page = await open('q=pixar');
      await settled(page);
      await page.locator('.segment').first().hover();
      await expect.poll(() => page.locator('.segment .tip').first().isVisible()).toBe(true);
      expect(await page.locator('.segment .tip').first().textContent()).toMatch(
        /^Similarity [\d.]+ × 0\.4 = [\d.]+$/,
      );
      expect(await page.locator('.signal-bar').first().getAttribute('aria-label')).toMatch(
        /similarity [\d.]+, lexical/,
      );
      expect(await page.locator('.legend li').allTextContents()).toContain('Lexical');
      await page.locator('.card-title').first().click();
      const cells = await page.locator('.details .signal-table tbody td:last-child').allTextContents();
      const sum = cells.reduce((total, cell) => total + Number(cell.replace('−', '-')), 0);
      const score = Number(await page.locator('.details .signal-table tfoot td').textContent());
      expect(sum).toBeCloseTo(score, 2);
      expect(score).toBe(Number(await page.locator('.card .score').first().textContent()));
    });

    it('shows the timeline, and the plans with their reasons', async () => {
      const page = await open('q=lonely+robot');
      await settled(page);
      const rows = await page.locator('.timeline-row').allTextContents();
      for (const name of ['Embedder', 'Vector', 'Lexical', 'Graph', 'Scoring'])
        expect(
          rows.some((row) => row.startsWith(name)),
          name,
        ).toBe(true);
      expect(rows.find((row) => row.startsWith('Vector'))).toMatch(/300 candidates, .* estimated/);
      expect(rows.find((row) => row.startsWith('Graph'))).toContain('skipped');
      expect(await page.locator('.state-ok .bar').count()).toBeGreaterThan(2);
      expect(await page.locator('.track .deadline').count()).toBe(rows.length);
      expect(await page.locator('.plan-chosen').textContent()).toContain('HybridParallel');
      expect((await page.locator('.plan').allTextContents()).join()).toContain('rejected: ');
    });

    it('says why a title is not there', async () => {
      const page = await open('user=ann&profile=personal');
      await settled(page);
      const why = async (title: string) => {
        await page.fill('#why-title', title);
        // Beside the title stands the id.
        await page.locator('.why-found button', { hasText: new RegExp(`^${title} [a-z]`) }).click();
        await page.locator('.outcome .headline', { hasText: new RegExp(`^${title} (is|was) `) }).waitFor();
        return page.locator('.outcome').textContent();
      };
      expect(await why('The Dark Knight')).toContain(
        "Dropped by the user's own rule “mpaa at most PG”: its value is PG-13.",
      );
      expect(await why('Toy Story')).toContain("Dropped by the user's own rule “nothing already seen”.");
      await page.fill('#why-title', 'no-such-id');
      await page.locator('.why-found button', { hasText: 'with the id no-such-id' }).click();
      await page.locator('.why-not .problem').waitFor();
      forgive(/status of 404/);
      expect(await why('Cars')).toMatch(
        /in the list, at rank \d+.*Pushed down \d+ ranks? by the user's own rule “at most 1/,
      );
    });

    it('puts two profiles side by side, with moved ranks', async () => {
      const page = await open('q=ghost+story');
      await settled(page);
      await page.selectOption('#compare', 'rrf');
      await page.locator('.comparison').waitFor();
      const columns = page.locator('.comparison section');
      const [before, after] = await Promise.all(
        [0, 1].map((i) =>
          columns
            .nth(i)
            .locator('.line')
            .evaluateAll((lines) => lines.map((line) => line.getAttribute('data-id'))),
        ),
      );
      expect([before?.length, after?.length]).toEqual([10, 10]);
      const moves = await columns.nth(1).locator('.move [aria-hidden]').allTextContents();
      const wanted = after!.map((id, rank) => {
        const was = before!.indexOf(id);
        return was < 0 ? 'new' : was === rank ? '=' : was > rank ? `↑${was - rank}` : `↓${rank - was}`;
      });
      expect(moves).toEqual(wanted);
      expect(new Set(moves).size).toBeGreaterThan(1);
      expect(await columns.nth(0).locator('.move-gone').count()).toBe(
        moves.filter((move) => move === 'new').length,
      );
    });

    it('gives the request as a command that answers the same', async () => {
      const page = await open(`q=${encodeURIComponent("schindler's list")}&user=ann`);
      await settled(page);
      await page.getByRole('button', { name: 'Copy as curl' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      const command = (await page.evaluate('navigator.clipboard.readText()')) as string;
      expect(command).toContain(demo.url);
      const answer = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' })) as {
        results: { title: string }[];
      };
      expect(answer.results.map(({ title }) => title)).toEqual(await titles(page));
    });

    it('shows errors with their code and path, and what an answer lacks', async () => {
      const rules = encodeURIComponent(
        JSON.stringify([{ kind: 'exclude', facet: 'nothing', values: ['x'] }]),
      );
      const page = await open(`q=ghost&rules=${rules}`);
      await page.locator('.problem').waitFor();
      expect(await page.locator('.problem').textContent()).toContain('unknown_field');
      expect(await page.locator('.problem li code').textContent()).toBe('constraints[0].facet');
      forgive(/status of 400/);
      await page.locator('#results .chip button').click();
      await settled(page);
      expect(await page.locator('.problem').count()).toBe(0);
      await page.route('**/v1/search', async (route) => {
        const response = await route.fetch();
        const answer = (await response.json()) as { coverage: Record<string, unknown> };
        const graph = { state: 'late', ms: 60, budget_ms: 50, candidates: 0, reason: 'budget_exceeded' };
        const warnings = [{ code: 'policy_stale', message: 'The policy is 20 s old.' }];
        await route.fulfill({
          response,
          json: { ...answer, degraded: true, warnings, coverage: { ...answer.coverage, graph } },
        });
      });
      await page.fill('#query', 'ghost story');
      await page.locator('.warning', { hasText: 'Graph: late, its budget ran out' }).waitFor();
      await page.locator('.warning', { hasText: 'The policy is 20 s old.' }).waitFor();
      expect(await page.locator('.state-late .timeline-value').textContent()).toBe('late');
    });

    it('is worked from the keyboard', async () => {
      const page = await open();
      const focused = () =>
        page.evaluate('document.activeElement.id || document.activeElement.textContent') as Promise<string>;
      await page.locator('.sample').first().waitFor();
      await page.keyboard.press('/');
      expect(await focused()).toBe('query');
      await page.keyboard.type('ghost');
      await settled(page);
      const shown = await titles(page);
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toBe(shown[0]);
      await page.keyboard.press('j');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('k');
      expect(await focused()).toBe(shown[1]);
      await page.keyboard.press('Enter');
      await page.locator('.card-open .details').waitFor();
      expect(await page.locator('.card-open .card-title').textContent()).toBe(shown[1]);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('.card-open').count()).toBe(0);
      await page.keyboard.press('?');
      await page.locator('dialog[open]').waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('dialog').count()).toBe(0);
      await page.keyboard.press('Escape');
      expect(await focused()).toBe('query');
    });

    it('keeps the whole question in the address', async () => {
      const page = await open('q=ghost');
      await settled(page);
      await page.selectOption('#context', 'kids');
      await page.selectOption('#profile', 'rrf');
      await page.locator('.card .tag').first().click();
      // From the filter on, the answer that is waited for is the one to all of it.
      await page.locator('#results .chip').waitFor();
      await settled(page);
      const shown = await titles(page);
      const again = await open(new URL(page.url()).hash.slice(1).replace(/&?timeout=10000/, ''));
      await settled(again);
      expect(await titles(again)).toEqual(shown);
      expect(await again.locator('#context').inputValue()).toBe('kids');
      expect(await again.locator('#profile').inputValue()).toBe('rrf');
      expect(await again.locator('#results .chip').count()).toBe(1);
    });

    it('fits a phone, in light and dark', async () => {
      const phone = { viewport: { width: 390, height: 844 } };
      const page = await open('user=ann&profile=personal&q=toys', { ...phone, hasTouch: true });
      const overflow = () =>
        page.evaluate('document.documentElement.scrollWidth - innerWidth') as Promise<number>;
      await settled(page);
      await page.locator('.card-title').first().click();
      expect(await overflow()).toBe(0);
      for (const name of ['Filters', 'Insight', 'Results']) {
        await page.getByRole('navigation').getByRole('button', { name }).click();
        expect(await overflow(), name).toBe(0);
        expect(await page.locator('.panel:visible').count()).toBe(1);
      }
      await page.selectOption('#compare', 'rrf');
      await page.locator('.comparison').waitFor();
      expect(await overflow()).toBe(0);
      const paper = (one: Page) => one.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      const dark = await open('q=toys', { ...phone, colorScheme: 'dark' });
      await settled(dark);
      expect(await paper(dark)).not.toBe(await paper(page));
    });

    it('is held to its policy by the browser', async () => {
      const page = await open('q=ghost');
      await settled(page);
      await page.evaluate(
        "const script = document.createElement('script'); script.textContent = 'window.planted = true'; document.body.append(script)",
      );
      expect(await page.evaluate('window.planted')).toBeUndefined();
      await expect.poll(() => visits.at(-1)?.faults.join()).toContain('policy: script-src');
      forgive(/policy|Content Security Policy/i);
    });

    describe('with API keys', () => {
      let secret: string;
      beforeAll(async () => {
        await demo.stop();
        const args = [
          '--id',
          'page',
          '--tenant',
          'default',
          '--scopes',
          'search,learn',
          '--file',
          'keys.json',
        ];
        secret = demo.run('keys', 'new', ...args).trim();
        await demo.start('--keys-file', 'keys.json');
      });

      it('asks for a key, takes no wrong one, and keeps the right one for the tab', async () => {
        const page = await open('q=ghost');
        await page.locator('dialog[open]').waitFor();
        await page.fill('#api-key', 'schlüssel');
        await page.keyboard.press('Enter');
        await page.locator('dialog[open]', { hasText: 'ASCII' }).waitFor();
        await page.fill('#api-key', 'wrong');
        await page.keyboard.press('Enter');
        await page.locator('dialog[open]', { hasText: 'does not take this API key' }).waitFor();
        await page.fill('#api-key', secret);
        await page.keyboard.press('Enter');
        await settled(page);
        expect((await titles(page)).length).toBe(10);
        expect(await page.locator('.curl').textContent()).toContain('Bearer $TRIPTYCH_API_KEY');
        expect(await page.content()).not.toContain(secret);
        expect(page.url()).not.toContain(secret);
        await page.reload();
        await settled(page);
        expect(await page.locator('dialog').count()).toBe(0);
        forgive(/status of 401/);
      });
    });
  },
);
