import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedDemo } from './served-demo.ts';
import { openBrowser } from './visitor.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const bytesMax = 300_000;
/** An answer that took longer says more about the machine than about the service. */
const quickMs = 60;

/** Draws what the documents show: npm run pictures. Not a test of anything but the size of the files. */
describe('pictures of the playground', () => {
  let demo: ServedDemo;
  let browser: Browser;

  beforeAll(async () => {
    demo = new ServedDemo();
    mkdirSync(folder, { recursive: true });
    [browser] = await Promise.all([openBrowser(), demo.start()]);
    await demo.introduceAnn();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.end();
  });

  /** The page as it is when everything is warm and in time; on a busy machine it is opened until that is so. */
  async function open(ask: Readonly<Record<string, string>>, options: BrowserContextOptions): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    for (let left = 60; left > 0; left--) {
      await demo.call('POST', '/v1/search', { query: ask.q, timeout_ms: 10_000, cache: 'skip' });
      // Her policy has another version now, so that the list is made anew and its legs are seen.
      await demo.introduceAnn();
      await page.goto('about:blank');
      await page.goto(`${demo.url}/#${new URLSearchParams(ask)}`);
      if (await isInTime(page)) return page;
    }
    throw new Error('this machine is too busy to be drawn');
  }

  async function isInTime(page: Page): Promise<boolean> {
    await page.locator('#results[aria-busy="false"]').waitFor();
    if ((await page.locator('.warning, .problem').count()) > 0) return false;
    const tookMs = /in ([\d.]+) ms/.exec((await page.locator('.status').textContent()) ?? '')?.[1];
    return Number(tookMs) < quickMs;
  }

  async function draw(page: Page, name: string): Promise<void> {
    // Nothing that blinks or is about to go.
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${folder}${name}.png` });
    expect(statSync(`${folder}${name}.png`).size).toBeLessThan(bytesMax);
  }

  it('on a desk', async () => {
    const page = await open(
      { q: 'toys that come alive', user: 'ann' },
      { viewport: { width: 1280, height: 800 } },
    );
    await page.fill('#why-title', 'The Dark Knight');
    await page.locator('.why-found button').first().click();
    await page.locator('.outcome').waitFor();
    await draw(page, 'playground-desktop');
  });

  it('on a phone', async () => {
    const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const;
    const page = await open({ q: 'ghost story', context: 'kids', compare: 'rrf' }, phone);
    await draw(page, 'playground-phone');
  });
});
