import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answers, host } from '../catalogue/world.ts';
import { readable } from '../notifier/slack.ts';
import { hasChromium, openChromium, openPage, type Watched } from './chromium.ts';
import { openSite, type Site } from './site.ts';

const yaml = `${host}/text/yaml`;
const goMod = `module example.com/service

go 1.24

require (
	${yaml} v1.1.0
	${host}/go-yaml v0.9.0
	${host}/nowhere v1.0.0
)
`;

describe.skipIf(!hasChromium)('in Chromium', () => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    [site, browser] = await Promise.all([openSite(), openChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  /** Search → module → versions → compare → doctor → include → watch → told, by what people see and press. */
  async function journey({ page }: Watched, late: string, scripts: boolean) {
    await page.goto('/');
    if (scripts) {
      await page.getByRole('combobox', { name: 'Search modules' }).pressSequentially('yam');
      await page.getByRole('option').first().waitFor();
      await page.getByRole('combobox').press('Escape');
      await page.getByRole('combobox').fill('yaml');
    } else {
      await page.getByRole('searchbox', { name: 'Search modules' }).fill('yaml');
    }
    await page.getByRole('button', { name: 'Search' }).click();
    const found = await page.locator('.module h3').allTextContents();
    expect(found.slice(0, 3)).toEqual(answers.searches.yaml);

    await page.getByRole('link', { name: yaml, exact: true }).click();
    await page.waitForURL(`**/${yaml}`);
    expect(await page.locator('.readme strong').textContent()).toBe('YAML');

    await page.getByRole('link', { name: /^Versions/ }).click();
    await page.getByLabel('Compare from v1.0.0').check();
    await page.getByLabel('Compare to v1.2.0').check();
    await page.getByRole('button', { name: /^Compare/ }).click();
    for (const name of [...answers.comparison.added, ...answers.comparison.removed]) {
      expect(await page.locator('.diff').getByText(name, { exact: true }).count()).toBe(1);
    }

    await page.getByRole('link', { name: 'go.mod doctor' }).click();
    await page.getByLabel('The text of a go.mod or go.sum').fill(goMod);
    await page.getByRole('button', { name: 'Examine' }).click();
    const findings = (await page.locator('.findings').allTextContents()).join(' ');
    for (const word of ['retracted', 'deprecated', 'absent', 'outdated']) expect(findings).toContain(word);

    await include(page, late, 'v1.0.0');
    await page.getByRole('link', { name: 'See v1.0.0' }).click();
    await page.locator('.readme strong', { hasText: 'late' }).waitFor();

    await page.getByRole('link', { name: 'Watch by webhook or Slack' }).click();
    await page.getByLabel('or a Slack channel').fill('#builds');
    await page.getByRole('button', { name: 'Watch', exact: true }).click();
    await page.getByRole('link', { name: 'the address of this watch' }).click();
    await page.locator('td', { hasText: 'delivered' }).waitFor();
    await include(page, late, 'v1.1.0');
    await expect
      .poll(
        () => site.slack.posted.filter(({ channel }) => channel === '#builds').map(({ blocks }) => readable(blocks)),
        {
          timeout: 30_000,
        },
      )
      .toContainEqual(expect.stringMatching(new RegExp(`${late}[^]*v1\\.1\\.0`)));
  }

  /** Asked for on the page, and followed there until it is published. */
  async function include(page: Page, module: string, version: string) {
    await page.getByRole('link', { name: 'Include', exact: true }).click();
    await page.getByLabel('Module', { exact: true }).fill(module);
    await page.getByLabel('Version, branch or commit').fill(version);
    await page.getByRole('button', { name: 'Include' }).click();
    await page.waitForURL('**/inclusions/*');
    await page.locator('[data-step=requested].done').waitFor();
    expect(await page.locator('[data-step=published].done').count()).toBe(0);
    await page.locator('[data-step=published].done').waitFor({ timeout: 30_000 });
  }

  it('people find, read, compare, examine and include', async () => {
    const watched = await openPage(browser, site.url);
    await journey(watched, 'world.test/late', true);
    await watched.close();
    expect(watched.errors).toEqual([]);
    expect(watched.foreign).toEqual([]);
    expect(site.logged).toEqual([]);
  });

  it('and can do all of it without scripts', async () => {
    const watched = await openPage(browser, site.url, { javaScriptEnabled: false });
    await journey(watched, 'world.test/later', false);
    await watched.close();
    expect(watched.foreign).toEqual([]);
  });

  it('suggestions are chosen by keyboard alone', async () => {
    const { page, errors, close } = await openPage(browser, site.url);
    await page.goto('/doctor');
    await page.locator('h1').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('yaml');
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    const input = page.getByRole('combobox');
    const active = await input.getAttribute('aria-activedescendant');
    expect(await page.locator(`#${active}`).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/${yaml}`);
    expect(errors).toEqual([]);
    await close();
  });

  it('a line is copied', async () => {
    const { page, close } = await openPage(browser, site.url, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`/${yaml}`);
    await page.getByRole('button', { name: /^Copy/ }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`go get ${yaml}@v1.2.0`);
    await close();
  });

  it.each([true, false])('the theme is switched and stays so, with scripts: %s', async javaScriptEnabled => {
    const { page, close } = await openPage(browser, site.url, { javaScriptEnabled, colorScheme: 'light' });
    await page.goto('/search?q=yaml');
    await page.getByRole('button', { name: 'Dark theme' }).click();
    await page.locator('html[data-theme=dark]').waitFor();
    await page.getByRole('link', { name: 'Status' }).first().click();
    await page.getByRole('heading', { name: 'Status' }).waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.getByRole('button', { name: 'Light theme' }).isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: 'Dark theme' }).isVisible()).toBe(false);
    await close();
  });

  it('the first key leads past the head of the page', async () => {
    const { page, close } = await openPage(browser, site.url);
    await page.goto(`/${yaml}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await close();
  });
});
