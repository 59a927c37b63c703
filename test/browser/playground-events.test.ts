import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedDemo } from './served-demo.ts';
import { noBrowser, openBrowser, settled, titles, visit } from './visitor.ts';

describe.skipIf(noBrowser !== null)(
  `events from the playground${noBrowser === null ? '' : ` (skipped: ${noBrowser})`}`,
  () => {
    let demo: ServedDemo;
    let browser: Browser;

    beforeAll(async () => {
      demo = new ServedDemo();
      [browser] = await Promise.all([openBrowser(), demo.start()]);
    });

    afterAll(async () => {
      await browser?.close();
      await demo?.end();
    });

    async function open(ask: string): Promise<Page> {
      return (await visit(browser, demo.url, ask)).page;
    }

    it('likes and hides, and the next answer is another', async () => {
      const page = await open('user=bea&profile=personal');
      await settled(page);
      const before = await titles(page);
      await page.locator('.card .like').nth(4).click();
      await expect.poll(async () => (await titles(page)).join()).not.toBe(before.join());
      await page.locator('.move').first().waitFor();
      await page.locator('.tastes li').first().waitFor();
      const liked = await titles(page);
      await page.getByRole('button', { name: `Hide ${liked[0]}`, exact: true }).click();
      await expect.poll(async () => (await titles(page)).includes(liked[0]!)).toBe(false);
      // Nobody becomes a guest, so that there is somebody to learn about.
      const other = await open('q=ghost');
      await settled(other);
      await other.locator('.card .like').first().click();
      await expect.poll(() => other.locator('#user').inputValue()).toMatch(/^guest-/);
      await expect.poll(() => other.locator('.like[aria-pressed="true"]').count()).toBe(1);
    });

    it('sends what failed as the same event, and a late one makes nobody somebody else', async () => {
      const page = await open('q=ghost&user=cem');
      await settled(page);
      const sent: string[] = [];
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route('**/v1/events', async (route) => {
        sent.push(route.request().postData() ?? '');
        if (sent.length === 1) return route.abort();
        if (sent.length === 3) await held;
        await route.continue();
      });
      await page.locator('.card .like').first().click();
      await page.locator('.problem', { hasText: 'unreachable' }).getByRole('button').click();
      await expect.poll(() => page.locator('.like[aria-pressed="true"]').count()).toBe(1);
      expect(sent[1]).toBe(sent[0]);
      expect(await page.locator('.problem').count()).toBe(0);
      await page.locator('.card .like').nth(1).click();
      await expect.poll(() => sent.length).toBe(3);
      await page.fill('#user', 'dee');
      await page.press('#user', 'Enter');
      await settled(page);
      // Typed, not yet taken: the page that is drawn anew does not take it away.
      await page.locator('#user').pressSequentially('r');
      release();
      await page.locator('.notice', { hasText: 'cem likes' }).waitFor();
      expect(await page.locator('#user').inputValue()).toBe('deer');
      expect(new URL(page.url()).hash).toContain('user=dee');
    });
  },
);
