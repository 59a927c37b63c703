import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedDemo } from './served-demo.ts';
import { openBrowser } from './visitor.ts';

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const bytesMax = 300_000;

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

  /** The page as it is when everything is warm, and nothing was late; a busy machine is asked again. */
  async function open(ask: Readonly<Record<string, string>>, options: BrowserContextOptions): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    const isWhole = async () => {
      await page.locator('#results[aria-busy="false"]').waitFor();
      const lacking = await page.locator('.warning, .problem').count();
      return lacking === 0 && (await page.locator('.card, .line').count()) > 0;
    };
    for (let left = 30; left > 0; left--) {
      await demo.call('POST', '/v1/search', { query: ask.q, timeout_ms: 10_000, cache: 'skip' });
      await page.goto('about:blank');
      await page.goto(`${demo.url}/#${new URLSearchParams({ ...ask, k: String(10 + left) })}`);
      if (await isWhole()) return page;
    }
    throw new Error('this machine is too busy to be drawn');
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
