import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = candidates.find(path => existsSync(path));

export const hasChromium = executablePath !== undefined;

/** Debian's Chromium, which must ask nobody anything by itself. */
export async function openChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('Chromium is missing');
  return chromium.launch({
    executablePath,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync'],
    ],
  });
}

export interface Watched {
  page: Page;
  /** Errors of the console and of scripts so far. */
  errors: string[];
  /** Requests to another host than the pages'. */
  foreign: string[];
  close(): Promise<void>;
}

/** A page that is watched for what must not happen. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ baseURL: url, viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const foreign: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', error => errors.push(error.message));
  page.on('request', request => {
    if (!request.url().startsWith(`${url}/`)) foreign.push(request.url());
  });
  return { page, errors, foreign, close: () => context.close() };
}
