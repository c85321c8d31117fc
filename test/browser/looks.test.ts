import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, host } from '../catalogue/world.ts';
import { hasChromium, openChromium, openPage } from './chromium.ts';
import { openSite, type Site } from './site.ts';

const yaml = `${host}/text/yaml`;
const pages: Record<string, string> = {
  home: '/',
  results: '/search?q=yaml',
  'all-modules': '/search',
  'no-results': '/search?q=zzzzqqqq',
  module: `/${yaml}`,
  version: `/${yaml}@v1.1.0`,
  versions: `/${yaml}?tab=versions`,
  packages: `/${yaml}?tab=packages`,
  requirements: `/${yaml}?tab=requirements`,
  'used-by': `/${yaml}?tab=used-by`,
  downloads: `/${yaml}?tab=downloads`,
  security: `/${yaml}?tab=security`,
  checks: `/${yaml}?tab=checks`,
  'go-mod': `/${yaml}?tab=go-mod`,
  rejected: `/${answers.rejected}`,
  deprecated: `/${host}/go-yaml`,
  compare: `/compare?module=${yaml}&from=v1.0.0&to=v1.2.0`,
  doctor: '/doctor',
  include: '/include',
  watch: `/watch?module=${yaml}`,
  'watch-a-search': '/watch?q=yaml',
  status: '/status',
  api: '/api',
  'not-found': '/world.test/none',
};
const widths = [390, 820, 1440];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
/** Screenshots are kept here, to be looked at. */
const folder = fileURLToPath(new URL('../../test-results/pages/', import.meta.url));

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

describe.skipIf(!hasChromium)('in Chromium', () => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    [site, browser] = await Promise.all([openSite(), openChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  describe.each(['light', 'dark'] as const)('in the %s theme', colorScheme => {
    it.each(Object.entries(pages))('%s has no serious fault of accessibility, at any width', async (name, address) => {
      const { page, errors, foreign, close } = await openPage(browser, site.url, { colorScheme, bypassCSP: true });
      await page.goto(address);
      await page.addScriptTag({ path: axe });
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: `${folder}${name}-${width}-${colorScheme}.png`, fullPage: true });
        const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(wider), `at ${width}, wider than the screen by`).toBeLessThanOrEqual(0);
        const found = (await page.evaluate('axe.run()')) as { violations: Violation[] };
        const serious = found.violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
        expect(serious, `at ${width}`).toEqual([]);
      }
      await close();
      expect(errors.filter(error => !(name === 'not-found' && /404/.test(error)))).toEqual([]);
      expect(foreign).toEqual([]);
    });
  });

  it('on a phone the tab that is shown is in sight, and so is the last row of numbers', async () => {
    const { page, close } = await openPage(browser, site.url, { viewport: { width: 390, height: 900 } });
    for (const tab of ['used-by', 'checks', 'go-mod']) {
      await page.goto(`/${yaml}?tab=${tab}`);
      const box = await page.locator('.tabs [aria-current]').boundingBox();
      expect([tab, (box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 390]).toEqual([tab, true]);
    }
    await page.goto('/doctor');
    await page.getByLabel('The text of a go.mod or go.sum').fill(`module a.example/b\n\nrequire ${yaml} v1.1.0\n`);
    await page.getByRole('button', { name: 'Examine' }).click();
    const numbers = await page.locator('.numbers').boundingBox();
    const last = await page.locator('.numbers > :last-child').boundingBox();
    const gap = (numbers?.x ?? 0) + (numbers?.width ?? 0) - (last?.x ?? 0) - (last?.width ?? 0);
    expect(gap).toBeLessThan(3);
    await close();
  });

  it('on a phone all that is known of versions is in sight without scrolling to the side', async () => {
    const { page, close } = await openPage(browser, site.url, { viewport: { width: 390, height: 900 } });
    await page.goto(`/${yaml}?tab=versions`);
    await page.screenshot({ path: `${folder}versions-phone.png` });
    const wider = '(e => e.scrollWidth - e.clientWidth)(document.querySelector(".versions").parentElement)';
    expect(await page.evaluate(wider)).toBeLessThanOrEqual(0);
    await close();
  });

  it.each([390, 1440])('nothing moves while a page loads, at %s', async width => {
    const { page, close } = await openPage(browser, site.url, { viewport: { width, height: 900 } });
    for (const address of ['/', '/search?q=yaml', `/${yaml}`, `/${yaml}?tab=versions`, '/status']) {
      await page.goto(address);
      const shift = await page.evaluate(`new Promise(resolve => {
        let sum = 0;
        new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
          .observe({ type: 'layout-shift', buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
      })`);
      expect([address, shift]).toEqual([address, 0]);
    }
    await close();
  });
});
