import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Debian's; no browser is downloaded. */
const executablePath = '/usr/bin/chromium';

/** Why the browser's tests cannot run here; null: they can. In CI they run anyway, and fail. */
export const noBrowser =
  existsSync(executablePath) || process.env.CI !== undefined ? null : `${executablePath} is not there`;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
}

export interface Visit {
  readonly page: Page;
  /** What went wrong on the page: errors on its console, uncaught ones, what its policy refused. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** Long enough for a machine that does much else: what is late is not what these tests are about. */
const patience = 'timeout=10000';

/** Opens the page with an ask in its address, and notes everything that goes wrong on it. */
export async function visit(
  browser: Browser,
  url: string,
  ask = '',
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  await page.exposeFunction('noteViolation', (text: string) => faults.push(`policy: ${text}`));
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => noteViolation(event.violatedDirective))",
  );
  await page.goto(`${url}/#${ask === '' ? patience : `${ask}&${patience}`}`);
  return { page, faults, close: () => context.close() };
}

/** Titles of the results that are shown. */
export function titles(page: Page): Promise<string[]> {
  return page.locator('.results .card-title').allTextContents();
}

/** How many documents pass, as the page says. */
export async function totalOf(page: Page): Promise<number> {
  const words = (await page.locator('.status').textContent()) ?? '';
  return Number(/of ([\d,]+)/.exec(words)?.[1]?.replaceAll(',', ''));
}

/** Waits until the answer to what stands in the address is shown. */
export async function settled(page: Page): Promise<void> {
  await page.locator('#results[aria-busy="false"]').waitFor();
  await page.locator('.status').waitFor();
}
